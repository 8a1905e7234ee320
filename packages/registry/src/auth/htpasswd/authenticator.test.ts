import { mkdtemp, readdir, readFile, rm, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hash, type verify as verifyPassword } from "@node-rs/bcrypt";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLogger } from "../../observability/log-create.ts";
import { type HtpasswdAuthenticator, type HtpasswdOptions, createHtpasswdAuthenticator } from "./authenticator.ts";
import { formatHtpasswdEntry } from "./entry.ts";
import { HtpasswdError, LoginBusyError } from "./errors.ts";

const verified = vi.hoisted(() => ({ hashes: [] as string[], gate: undefined as Promise<void> | undefined }));

// Only watched: the real one does the work.
vi.mock("@node-rs/bcrypt", async (original) => {
  const real = await original<{ readonly verify: typeof verifyPassword }>();
  const verify: typeof real.verify = async (password, encoded) => {
    verified.hashes.push(String(encoded));
    await verified.gate;
    return real.verify(password, encoded);
  };
  return { ...real, verify };
});

let folder: string;
let path: string;
let lines: string[];
let opened: HtpasswdAuthenticator[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-htpasswd-"));
  path = join(folder, "htpasswd");
  lines = [];
  opened = [];
  verified.hashes = [];
  verified.gate = undefined;
});

afterEach(async () => {
  for (const authenticator of opened) authenticator.close();
  await rm(folder, { recursive: true });
});

async function open(options: Partial<HtpasswdOptions> = {}): Promise<HtpasswdAuthenticator> {
  const authenticator = await createHtpasswdAuthenticator({
    path,
    logger: createLogger({ write: (line) => lines.push(line) }),
    freshForMs: 0,
    ...options,
  });
  opened.push(authenticator);
  return authenticator;
}

test("[server/V2] bcrypt entries of all three spellings let their user in; comments and blank lines are skipped", async () => {
  const entries = await Promise.all(
    (["2a", "2b", "2y"] as const).map(async (version) => `${version}:${await hash("right", { cost: 4, version })}`),
  );
  await writeFile(path, `# users\n\n  ${entries.join("\r\n")}\n\n#x:y\n`);
  const { authenticate } = bound(await open());
  for (const user of ["2a", "2b", "2y"]) {
    expect(await authenticate(user, "right"), user).toBe(true);
    expect(await authenticate(user, "wrong"), user).toBe(false);
    expect(await authenticate(user, ""), user).toBe(false);
  }
  expect(await authenticate("#x", "y")).toBe(false);
});

test("[server/V2] other kinds of hashes never match and are logged by line, without the hash", async () => {
  await writeFile(path, "plain:secret\nsha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nmd5:$apr1$abc$xyz\nshort:$2y$10$abc\n");
  const { authenticate } = bound(await open());
  expect(await authenticate("plain", "secret")).toBe(false);
  expect(await authenticate("sha", "secret")).toBe(false);
  expect(lines.filter((line) => line.includes("never matches")).map((line) => /line=(\d)/.exec(line)?.[1])).toEqual(["1", "2", "3", "4"]);
  expect(lines.join()).not.toMatch(/secret|5en6|apr1/);
});

test("[server/V2] a malformed line stops the start, with its number and without its text", async () => {
  await writeFile(path, "# users\nok:x\nhunter2\n");
  const error = await open().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HtpasswdError);
  expect(error).toMatchObject({ code: "ERR_HTPASSWD", line: 3, message: `Cannot use htpasswd file "${path}" line 3: expected user:hash` });
});

test("[server/V2] the file is read again when it changes, and what was remembered of it is forgotten", async () => {
  await writeFile(path, await formatHtpasswdEntry("alice", "one", 4));
  const { authenticate } = bound(await open());
  expect(await authenticate("alice", "one")).toBe(true);
  await writeFile(path, await formatHtpasswdEntry("alice", "two", 4));
  await utimes(path, new Date(), new Date(Date.now() + 5000));
  expect(await authenticate("alice", "one")).toBe(false);
  expect(await authenticate("alice", "two")).toBe(true);
});

test("[server/V2] while the file is gone or malformed nobody gets in, and everybody does again once it is whole", async () => {
  const entry = await formatHtpasswdEntry("alice", "one", 4);
  await writeFile(path, entry);
  const { authenticate } = bound(await open());
  expect(await authenticate("alice", "one")).toBe(true);
  await unlink(path);
  await expect(authenticate("alice", "one")).rejects.toMatchObject({ code: "ERR_HTPASSWD", retryable: true });
  await writeFile(path, "malformed");
  await expect(authenticate("alice", "one")).rejects.toBeInstanceOf(HtpasswdError);
  await writeFile(path, entry);
  expect(await authenticate("alice", "one")).toBe(true);
});

test("[server/V2] a user who is not there costs one bcrypt, as dear as the dearest entry", async () => {
  await writeFile(path, `${await formatHtpasswdEntry("cheap", "x", 4)}\n${await formatHtpasswdEntry("dear", "x", 6)}\n`);
  const { authenticate } = bound(await open());
  expect(await authenticate("nobody", "x")).toBe(false);
  expect(verified.hashes).toEqual([expect.stringMatching(/^\$2b\$06\$.{53}$/)]);
});

test("a password that was right is remembered for a while, a wrong one is not", async () => {
  let time = 1000;
  await writeFile(path, await formatHtpasswdEntry("alice", "one", 4));
  const { authenticate } = bound(await open({ now: () => time, rememberForMs: 1000 }));
  for (const password of ["one", "one", "two", "two"]) await authenticate("alice", password);
  expect(verified.hashes).toHaveLength(3);
  time += 1001;
  await authenticate("alice", "one");
  expect(verified.hashes).toHaveLength(4);
});

test("the same login on many connections is checked once, and a flood of others is told to come back", async () => {
  await writeFile(path, await formatHtpasswdEntry("alice", "one", 4));
  const { authenticate } = bound(await open({ maxRunning: 1, maxWaiting: 1 }));
  const gate = Promise.withResolvers<void>();
  verified.gate = gate.promise;
  const same = [authenticate("alice", "one"), authenticate("alice", "one"), authenticate("alice", "one")];
  const waiting = authenticate("alice", "two");
  await expect(authenticate("alice", "three")).rejects.toSatisfy(
    (error) => error instanceof LoginBusyError && error.code === "ERR_LOGIN_BUSY" && error.retryAfterMs === 1000,
  );
  gate.resolve();
  expect(await Promise.all([...same, waiting])).toEqual([true, true, true, false]);
  expect(verified.hashes).toHaveLength(2);
  expect(await authenticate("alice", "three")).toBe(false);
});

test("[server/V3] a missing file is made with the user docker and a random password that is logged once", async () => {
  path = join(folder, "new", "users");
  const { authenticate } = bound(await open());
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "new"))).mode & 0o777).toBe(0o700);
  expect(lines).toHaveLength(1);
  const password = /password \\"([\w-]{43})\\"/.exec(lines[0] ?? "")?.[1] ?? "";
  expect(await authenticate("docker", password)).toBe(true);
  expect(await readFile(path, "utf8")).toMatch(/^docker:\$2y\$10\$/);
  await open();
  expect(lines).toHaveLength(1);
});

test("[server/V3] of several that start together one makes the file", async () => {
  await Promise.all([open(), open(), open()]);
  expect(lines).toHaveLength(1);
  expect(await readdir(folder)).toEqual(["htpasswd"]);
});

test("[server/V3] a file that cannot be made stops the start", async () => {
  await writeFile(path, "");
  await expect(
    createHtpasswdAuthenticator({ path: join(path, "below"), logger: createLogger({ write: () => undefined }) }),
  ).rejects.toBeInstanceOf(HtpasswdError);
});

test("formatHtpasswdEntry() refuses what could not be read back or checked whole", async () => {
  for (const [user, password] of [
    ["a:b", "x"],
    ["#a", "x"],
    ["", "x"],
    ["a\nb", "x"],
    [" a", "x"],
    ["a", ""],
    ["a", "x".repeat(73)],
  ] as const) {
    await expect(formatHtpasswdEntry(user, password), JSON.stringify(user)).rejects.toBeInstanceOf(RangeError);
  }
});

function bound(authenticator: HtpasswdAuthenticator): { readonly authenticate: (user: string, password: string) => Promise<boolean> } {
  return { authenticate: (user, password) => authenticator.authenticate(user, password) };
}
