import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test, vi } from "vitest";
import { pushImage, serveHandler, type TestServer } from "../testing/registry.ts";
import { berth, type Ran } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
vi.setConfig({ testTimeout: 30_000 });

const at = useRegistry();

const run = async (...args: string[]): Promise<Ran> => await berth(args, { env: { HOME: at.path } });
const sources = (): string => join(at.path, ".local/state/berth/sources.json");

/** An image of two blobs in a layout; nothing is remembered of where it was seen. */
async function layout(content: string): Promise<string> {
  await pushImage(at.repository, { tags: [content], content });
  const place = `oci:${at.path}-${content}:v1`;
  expect(await berth(["cp", `${at.app}:${content}`, place])).toMatchObject({ code: 0 });
  return place;
}

/** What became of the blobs that a command sent to a repository: how many were mounted from where, and how many had their bytes sent. */
async function sent(repository: string, work: () => Promise<Ran>, server: TestServer = at.server): Promise<readonly string[]> {
  const before = server.journal.length;
  expect(await work()).toMatchObject({ code: 0 });
  const lines = server.journal.slice(before).filter((line) => line.includes(`/v2/${repository}/blobs/`));
  const from = lines.flatMap((line) => (/^POST .*mount=/.test(line) ? [`from ${/from=([^&]*)/.exec(line)?.[1]}`] : []));
  const bytes = lines.filter((line) => /^(?:PUT|PATCH) /.test(line)).map(() => "bytes");
  return [...from, ...bytes].map((line) => decodeURIComponent(line));
}

test("[engine/T23] what one command pushed the next one mounts: no bytes are sent, one request for each blob", async () => {
  const image = await layout("twice");
  const [a, b] = [`${at.app}-a`, `${at.app}-b`];
  const name = a.slice(a.indexOf("/") + 1);
  expect(await sent(name, () => run("cp", image, `${a}:v1`))).toEqual([`from ${name}`, `from ${name}`, "bytes", "bytes"]);
  const found = await sent(b.slice(b.indexOf("/") + 1), () => run("cp", image, `${b}:v1`));
  expect(found).toEqual([`from ${name}`, `from ${name}`]);
  const [one, two] = [await run("digest", `${a}:v1`), await run("digest", `${b}:v1`)];
  expect(one).toEqual(two);
  expect(statSync(sources()).mode & 0o777).toBe(0o600);
});

test.each([
  ["push", (image: string, to: string) => ["push", `${to}:v1`, image]],
  ["load", (image: string, to: string) => ["load", image.replace(/^oci:|:v1$/g, ""), `${to}:v1`]],
  ["cp --all-tags", (image: string, to: string) => ["cp", "--all-tags", image.replace(/:v1$/, ""), to]],
] as const)("[engine/T23] %s mounts what was pulled from another repository before", async (verb, args) => {
  const image = await layout(verb.replaceAll(/\W/g, ""));
  const seen = `${at.app}-seen`;
  const name = seen.slice(seen.indexOf("/") + 1);
  await berth(["cp", image, `${seen}:v1`]); // by somebody else, who has no home
  expect(existsSync(sources())).toBe(false);
  expect(await run("pull", "-o", `oci:${at.path}-pulled`, `${seen}:v1`, "--all-platforms")).toMatchObject({ code: 0 });
  const to = `${at.app}-to`;
  expect(await sent(to.slice(to.indexOf("/") + 1), () => run(...args(image, to)))).toEqual([`from ${name}`, `from ${name}`]);
});

test("[engine/T23] sync mounts what was seen", async () => {
  const image = await layout("sync");
  const name = (repository: string): string => repository.slice(repository.indexOf("/") + 1);
  const [a, b] = [`${at.app}-a`, `${at.app}-b`];
  await run("cp", image, `${a}:v1`);
  writeFileSync(`${at.path}.yml`, `sync: [{source: "${image}", destination: "${b}:v1"}]\n`);
  expect(await sent(name(b), () => run("sync", `${at.path}.yml`))).toEqual([`from ${name(a)}`, `from ${name(a)}`]);
});

test("[engine/T24] what is remembered and no longer true costs nothing but the bytes: they are sent, and it is forgotten", async () => {
  const image = await layout("gone");
  const name = (repository: string): string => repository.slice(repository.indexOf("/") + 1);
  const [a, b] = [`${at.app}-a`, `${at.app}-b`];
  await run("cp", image, `${a}:v1`);
  const holder = at.embedded.repository(name(a));
  const { digest } = JSON.parse((await run("manifest", "get", `${a}:v1`)).stdout).config;
  await holder.delete(await holder.resolve("v1"));
  await holder.blobs.delete({ digest });
  const found = await sent(name(b), () => run("cp", image, `${b}:v1`));
  expect(found.toSorted()).toEqual(["bytes", `from ${name(a)}`, `from ${name(a)}`]);
  const kept = JSON.parse(readFileSync(sources(), "utf8")).sources;
  expect(kept[digest]).toEqual([`${at.server.host}/${name(b)}`]);
  expect((await run("digest", `${b}:v1`)).stdout).toBe((await run("digest", image)).stdout);
});

test("a file that is broken counts as empty and is replaced; commands that send no blob leave it alone", async () => {
  const image = await layout("broken");
  const [a, b] = [`${at.app}-a`, `${at.app}-b`];
  await run("cp", image, `${a}:v1`);
  writeFileSync(sources(), "{");
  const still = await Promise.all([
    run("digest", `${a}:v1`),
    run("ls", a),
    run("cp", image, `${a}:v1`, "v2"), // all is there
    run("--help"),
  ]);
  expect(still.map(({ code, stderr }) => [code, /sources/.test(stderr)])).toEqual(still.map(() => [0, false]));
  expect(readFileSync(sources(), "utf8")).toBe("{");
  expect(await run("cp", image, `${b}:v1`)).toMatchObject({ code: 0 });
  expect(Object.keys(JSON.parse(readFileSync(sources(), "utf8")).sources)).toHaveLength(2);
});

test("commands at the same time all keep what they learned", async () => {
  const images = await Promise.all(["one", "two", "three"].map(layout));
  await Promise.all(images.map(async (image, n) => await run("cp", image, `${at.app}-${n}:v1`)));
  const kept: Record<string, string[]> = JSON.parse(readFileSync(sources(), "utf8")).sources;
  const repositories = new Set(Object.values(kept).flat());
  expect(repositories).toEqual(new Set(images.map((_, n) => `${at.app}-${n}`)));
});

test("[engine/T23] what was reached with credentials is marked, and neither they nor a hash of them stands in the file", async () => {
  const image = await layout("marked");
  const server = await serveHandler((request, response) => {
    if (request.headers.authorization === `Basic ${btoa("ann:secret-word")}`) at.embedded.handler(request, response);
    else response.writeHead(401, { "www-authenticate": 'Basic realm="r"', "content-length": "0" }).end();
  });
  try {
    const as = async (...args: string[]): Promise<Ran> =>
      await berth([...args, "--user", "ann"], { env: { HOME: at.path, BERTH_PASSWORD: "secret-word" } });
    const [a, b] = ["marked/a", "marked/b"];
    await as("cp", image, `${server.host}/${a}:v1`);
    const text = readFileSync(sources(), "utf8");
    expect(text).toMatch(new RegExp(`"${server.host}/${a} [0-9a-f]{64}"`));
    expect(text).not.toMatch(/ann|secret/);
    expect(await sent(b, () => as("cp", image, `${server.host}/${b}:v1`), server)).toEqual([`from ${a}`, `from ${a}`]);
  } finally {
    await server.close();
  }
});

test("without a home nothing is remembered, and a folder that cannot be written does no harm", async () => {
  const image = await layout("homeless");
  const file = `${at.path}-file`;
  writeFileSync(file, "");
  for (const [n, env] of [{}, { HOME: file }].entries()) {
    expect(await berth(["cp", image, `${at.app}-h${n}:v1`], { env })).toMatchObject({ code: 0, stderr: "" });
  }
  expect(existsSync(dirname(sources()))).toBe(false);
});
