import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "@berth/testkit/temporary-folder";

/** A home folder with nothing in it but a `bin` on the PATH, and the variables that lead there and nowhere else. */
export interface TestHome {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  join(...names: string[]): string;
  /** Writes a file, making its folders. */
  write(path: string, text: string): Promise<string>;
  /** Puts a shell script on the PATH: `docker-credential-<suffix>`. */
  helper(suffix: string, script: string): Promise<string>;
  /** Puts a helper on the PATH that really keeps what it is given, in a JSON file; resolves with that file. */
  keychain(suffix: string): Promise<string>;
}

/** Makes a {@link TestHome} that goes away with the test. */
export async function testHome(): Promise<TestHome> {
  const home = await temporaryFolder("credentials");
  const bin = join(home, "bin");
  await mkdir(bin);
  const write = async (path: string, text: string): Promise<string> => {
    const full = join(home, path);
    await mkdir(join(full, ".."), { recursive: true });
    await writeFile(full, text);
    return full;
  };
  const helper = async (suffix: string, script: string): Promise<string> => {
    const path = await write(`bin/docker-credential-${suffix}`, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  };
  return {
    home,
    env: { HOME: home, PATH: `${bin}:/usr/bin:/bin` },
    join: (...names) => join(home, ...names),
    write,
    helper,
    async keychain(suffix) {
      const file = await write(`keychain-${suffix}.json`, "{}");
      const program = await write(`keychain-${suffix}.mjs`, KEYCHAIN);
      await helper(suffix, `exec "${process.execPath}" "${program}" "${file}" "$1"`);
      return file;
    },
  };
}

const KEYCHAIN = `
import { readFileSync, writeFileSync } from "node:fs";
const [file, action] = process.argv.slice(2);
const input = readFileSync(0, "utf8");
const kept = JSON.parse(readFileSync(file, "utf8"));
const say = (text, code) => { process.stdout.write(text + "\\n"); process.exitCode = code; };
if (action === "store") {
  const { ServerURL, ...rest } = JSON.parse(input);
  kept[ServerURL] = rest;
  writeFileSync(file, JSON.stringify(kept));
} else if (action === "erase") {
  if (!(input in kept)) say("credentials not found in native keychain", 1);
  delete kept[input];
  writeFileSync(file, JSON.stringify(kept));
} else if (action === "list") {
  say(JSON.stringify(Object.fromEntries(Object.entries(kept).map(([address, { Username }]) => [address, Username]))), 0);
} else if (input in kept) say(JSON.stringify({ ServerURL: input, ...kept[input] }), 0);
else say("credentials not found in native keychain", 1);
`;
