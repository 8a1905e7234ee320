import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, parseDigest } from "@berth/oci";
import { unfinishedBeside } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { openSourceStore } from "./file-sources.ts";
import { createSourceMarker } from "./mark-source.ts";
import { createSourceStore } from "./memory-sources.ts";
import { mountBudget, rankSources } from "./rank-sources.ts";
import { hasSeen, noteSource, sourceHooks } from "./source-hooks.ts";
import type { KnownSource, SourceStore } from "./source-store.ts";

const digest = (n: number): Digest => parseDigest(`sha256:${String(n).padStart(64, "0")}`);
const source = (repository: string, mark?: string, registry = "r.test"): KnownSource => ({ registry, repository, ...(mark && { mark }) });
const nobody = createSourceMarker(undefined);

async function stores(): Promise<readonly SourceStore[]> {
  return [createSourceStore(), openSourceStore(join(await temporaryFolder("sources"), "a", "sources.json"))];
}

test("[engine/T23] the newest source is last, a known one moves there, and of more than 50 the oldest is forgotten", async () => {
  for (const store of await stores()) {
    for (const name of ["a", "b", "a"]) store.note(digest(1), source(name));
    expect(await store.find(digest(1))).toEqual([source("b"), source("a")]);
    store.note(digest(1), source("b", "f".repeat(64)));
    expect(await store.find(digest(1))).toEqual([source("a"), source("b", "f".repeat(64))]);
    for (let n = 0; n < 60; n++) store.note(digest(2), source(`x${n}`));
    const found = await store.find(digest(2));
    expect([found.length, found[0], found.at(-1)]).toEqual([50, source("x10"), source("x59")]);
    expect(await store.find(digest(3))).toEqual([]);
  }
});

test("[engine/T24] what is forgotten is gone, and nothing else", async () => {
  for (const store of await stores()) {
    store.note(digest(1), source("a"));
    store.note(digest(1), source("a", undefined, "other.test"));
    store.forget(digest(1), source("a"));
    store.forget(digest(9), source("a"));
    expect(await store.find(digest(1))).toEqual([source("a", undefined, "other.test")]);
    store.forget(digest(1), source("a", undefined, "other.test"));
    expect(await store.find(digest(1))).toEqual([]);
  }
});

test("uncompressed layers remember what they became", async () => {
  for (const store of await stores()) {
    for (const n of [1, 2, 1]) store.noteDiffId(digest(100), digest(n));
    expect(await store.digestsOf(digest(100))).toEqual([digest(2), digest(1)]);
    expect(await store.digestsOf(digest(101))).toEqual([]);
  }
});

test("memory is bounded: what was used least recently goes first", async () => {
  const store = createSourceStore({ maxDigests: 3 });
  for (const n of [1, 2, 3]) store.note(digest(n), source("a"));
  store.note(digest(1), source("b"));
  store.note(digest(4), source("a"));
  const left = await Promise.all([1, 2, 3, 4].map(async (n) => (await store.find(digest(n))).length));
  expect(left).toEqual([2, 0, 1, 1]);
});

test("a file keeps everything, for its owner only, and leaves nothing else behind", async () => {
  const path = await temporaryFolder("sources");
  const file = join(path, "cache", "sources.json");
  const store = openSourceStore(file);
  await store.flush();
  expect(await readdir(path)).toEqual([]); // nothing to write
  store.note(digest(1), source("a/b", "0".repeat(64)));
  store.note(digest(1), source("library/c", undefined, "[::1]:5000"));
  store.noteDiffId(digest(2), digest(1));
  await Promise.all([store.flush(), store.flush()]);
  expect(await readdir(join(path, "cache"))).toEqual(["sources.json"]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const again = openSourceStore(file);
  expect(await again.find(digest(1))).toEqual([source("a/b", "0".repeat(64)), source("library/c", undefined, "[::1]:5000")]);
  expect(await again.digestsOf(digest(2))).toEqual([digest(1)]);
});

test.each([
  ["no JSON", "{"],
  ["another version", '{"version":2,"sources":{}}'],
  ["a list", "[]"],
])("a file with %s counts as empty, and is replaced", async (_, text) => {
  const file = join(await temporaryFolder("sources"), "sources.json");
  await writeFile(file, text);
  const warnings: string[] = [];
  const store = openSourceStore(file, { onWarning: (warning) => warnings.push(warning) });
  store.note(digest(1), source("a"));
  await store.flush();
  expect(warnings).toHaveLength(1);
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ version: 1, sources: { [digest(1)]: ["r.test/a"] } });
});

test("entries that make no sense are passed over", async () => {
  const file = join(await temporaryFolder("sources"), "sources.json");
  await writeFile(
    file,
    JSON.stringify({
      version: 1,
      sources: { nope: ["r/a"], [digest(1)]: ["r/a", "r", 7, "r/b zz", "r/No/Name", "r/../a"], [digest(2)]: "x" },
      diffIds: { [digest(3)]: ["x"] },
    }),
  );
  const store = openSourceStore(file);
  expect(await store.find(digest(1))).toEqual([source("a", undefined, "r")]);
  expect(await store.digestsOf(digest(3))).toEqual([]);
});

test("a file that is too large is not read, and one that cannot be written only warns", async () => {
  const path = await temporaryFolder("sources");
  const file = join(path, "sources.json");
  await writeFile(file, "");
  await truncate(file, 40_000_000);
  const warnings: string[] = [];
  const store = openSourceStore(file, { onWarning: (warning) => warnings.push(warning) });
  expect(await store.find(digest(1))).toEqual([]);
  expect(warnings[0]).toContain("Cannot read");
  const blocked = openSourceStore(join(file, "below", "sources.json"), { onWarning: (warning) => warnings.push(warning) });
  blocked.note(digest(1), source("a"));
  await blocked.flush();
  expect(warnings.at(-1)).toContain("Cannot write");
  expect(await blocked.find(digest(1))).toEqual([source("a")]); // for as long as the process lives
});

test("[engine/T23] of stores that write the same file, in one process or several, none takes away what another learned", async () => {
  const file = join(await temporaryFolder("sources"), "sources.json");
  const stores = Array.from({ length: 6 }, () => openSourceStore(file));
  await stores[0]?.find(digest(1)); // has read it before the others write
  for (const [n, store] of stores.entries()) {
    store.note(digest(n), source(`of${n}`));
    store.note(digest(9), source(`of${n}`));
  }
  await Promise.all(stores.map(async (store) => await store.flush()));
  const again = openSourceStore(file);
  for (const n of stores.keys()) expect(await again.find(digest(n))).toEqual([source(`of${n}`)]);
  expect((await again.find(digest(9))).map(({ repository }) => repository).toSorted()).toEqual(stores.map((_, n) => `of${n}`));
  stores[1]?.forget(digest(0), source("of0"));
  await stores[1]?.flush();
  stores[2]?.note(digest(7), source("late"));
  await stores[2]?.flush();
  const last = openSourceStore(file);
  expect([await last.find(digest(0)), await last.find(digest(7))]).toEqual([[], [source("late")]]);
});

test("the file is bounded: what was used least recently is left out, and the rest can be read", async () => {
  const file = join(await temporaryFolder("sources"), "sources.json");
  const options = { maxBytes: 2000 };
  const store = openSourceStore(file, options);
  for (let n = 0; n < 100; n++) store.note(digest(n), source(`a${n}`));
  await store.flush();
  expect((await stat(file)).size).toBeLessThanOrEqual(2000);
  const again = openSourceStore(file, options);
  expect([await again.find(digest(99)), await again.find(digest(0))]).toEqual([[source("a99")], []]);
});

test("[engine/T23] marks tell today's credentials from others, and nothing of them", () => {
  const alice = createSourceMarker({ username: "alice", password: "secret" });
  const place = source("a");
  const mark = alice.mark(digest(1), place);
  expect(mark).toMatch(/^[0-9a-f]{64}$/);
  expect(createSourceMarker({ username: "alice", password: "secret" }).mark(digest(1), place)).toBe(mark);
  expect(createSourceMarker({ username: "alice", password: "other" }).mark(digest(1), place)).not.toBe(mark);
  expect(alice.mark(digest(2), place)).not.toBe(mark);
  expect(alice.mark(digest(1), source("b"))).not.toBe(mark);
  expect(nobody.mark(digest(1), place)).toBeUndefined();
  expect(createSourceMarker({}).mark(digest(1), place)).toBeUndefined();
});

test("[engine/T23] candidates: reached with today's credentials, then most alike, then newest; never the target or another registry", () => {
  const alice = createSourceMarker({ username: "alice", password: "secret" });
  const marked = (repository: string): KnownSource => source(repository, alice.mark(digest(1), source(repository)));
  const known = [
    marked("far/old"),
    source("team/a/old"),
    source("team/a/new"),
    source("team/z"),
    source("x", undefined, "other.test"),
    source("team/a/app"),
    source("y", "f".repeat(64)),
  ];
  const rank = (size: number): readonly string[] => rankSources(known, source("team/a/app"), { digest: digest(1), size }, alice);
  expect(rank(20_000_000)).toEqual(["far/old", "team/a/new", "team/a/old", "team/z"]);
  expect(rank(200_000)).toEqual(["far/old", "team/a/new", "team/a/old"]);
  expect(rank(1)).toEqual(["far/old"]);
  expect(rankSources(known, source("team/a/app"), { digest: digest(1), size: 20_000_000 }, nobody)[0]).toBe("team/a/new");
});

test.each([
  [10_485_761, { mounts: 4, checks: 3 }],
  [10_485_760, { mounts: 3, checks: 1 }],
  [102_401, { mounts: 3, checks: 1 }],
  [102_400, { mounts: 1, checks: 1 }],
  [0, { mounts: 1, checks: 1 }],
])("[engine/T23] a blob of %i bytes is worth %j", (size, budget) => {
  expect(mountBudget(size)).toEqual(budget);
});

test("[engine/T14] content was seen in a repository only with the same credentials", async () => {
  const store = createSourceStore();
  const alice = { ...source("a"), marker: createSourceMarker({ username: "alice", password: "1" }) };
  const anyone = { ...source("a"), marker: nobody };
  noteSource(store, alice, digest(1));
  expect(await hasSeen(store, alice, digest(1))).toBe(true);
  expect(await hasSeen(store, anyone, digest(1))).toBe(false);
  expect(await hasSeen(store, { ...alice, repository: "b" }, digest(1))).toBe(false);
  noteSource(store, anyone, digest(2));
  expect(await hasSeen(store, anyone, digest(2))).toBe(true);
});

test("[engine/T23,T24] a copy notes both ends, offers candidates and forgets those that refuse", async () => {
  const store = createSourceStore();
  const hooks = sourceHooks(store, { source: { ...source("from"), marker: nobody }, destination: { ...source("to"), marker: nobody } });
  const blob = { mediaType: "x/y", digest: digest(1), size: 1 };
  hooks.onCopied?.(blob);
  expect(await store.find(digest(1))).toEqual([source("from"), source("to")]);
  expect(await hooks.mountCandidates?.(blob)).toEqual(["to", "from"]);
  hooks.onMountRefused?.(blob, "from", "not-mounted");
  expect(await store.find(digest(1))).toEqual([source("to")]);
  const reading = sourceHooks(store, { source: { ...source("from"), marker: nobody } });
  expect(reading.mountCandidates).toBeUndefined();
  reading.onExisting?.(blob);
  expect(await store.find(digest(1))).toEqual([source("to"), source("from")]);
});

test("[engine/T24] a mount that was refused is forgotten, except when nobody said who asks", async () => {
  const blob = { mediaType: "text/plain", digest: digest(1), size: 1 };
  for (const [credential, reason, isKept] of [
    [undefined, "unauthorized", true],
    [undefined, "refused", false],
    [undefined, "not-mounted", false],
    [{ username: "me", password: "secret" }, "unauthorized", false],
  ] as const) {
    const store = createSourceStore();
    store.note(digest(1), source("team/a"));
    const destination = { registry: "r.test", repository: "team/b", marker: createSourceMarker(credential) };
    sourceHooks(store, { destination }).onMountRefused?.(blob, "team/a", reason);
    expect((await store.find(digest(1))).length === 1, `${credential?.username} ${reason}`).toBe(isKept);
  }
});

test("what a process that was killed left of the file goes away when it is written", async () => {
  const folder = await temporaryFolder("sources");
  const file = join(folder, "sources.json");
  await writeFile(unfinishedBeside(file).replace(/-\d*-(?=[0-9a-f]{8}-)/, "-1-"), "{"); // the same number, started at another time
  const store = openSourceStore(file);
  store.note(digest(1), source("a"));
  await store.flush?.();
  expect(await readdir(folder)).toEqual(["sources.json"]);
});
