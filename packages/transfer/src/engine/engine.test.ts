import { createMemoryStore } from "../memory/memory-store.ts";
import { type ByteSource, MEDIA_TYPES, type Descriptor } from "@berth/oci";
import { expect, test } from "vitest";
import { copy } from "../copy/copy.ts";
import { fill, imageOf, startFake } from "../copy/copy.test-kit.ts";
import { engineError, engineWith, platformIndex, answering } from "./engine.test-kit.ts";
import type { EngineLogEvent } from "./engine-log.ts";
import { EngineError } from "../errors.ts";
import { createEngine } from "./engine.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createSourceStore } from "../sources/memory-sources.ts";
import { createReferenceStore } from "./reference-store.ts";

test("[engine/T1] everything that an engine works with can be given: stores, names, sources, transfers, headers, hosts, a log", async () => {
  const used = new Set<string>();
  const noting = <T extends object>(what: string, thing: T): T =>
    new Proxy(thing, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          used.add(what);
          return Reflect.apply(member, target, args);
        };
      },
    });
  const registry = await startFake({
    answer(request) {
      if (request.headers["x-meta-who"] === "test") used.add("headers");
      return false;
    },
  });
  const image = imageOf(1);
  registry.put("team/app", image, "v1");
  const [contentStore, referenceStore] = [createMemoryStore(), createReferenceStore()];
  const engine = createEngine({
    contentStore: noting("content", contentStore),
    referenceStore: noting("names", referenceStore),
    sources: noting("sources", createSourceStore()),
    manager: noting("transfers", createTransferManager({ attempts: 1 })),
    connection: { plainHttp: true, retry: false, http: {}, credentials: async () => void used.add("credentials") },
    metaHeaders: { "X-Meta-Who": "test" },
    hosts: { [registry.host]: { mirrors: ["http://127.0.0.1:1"] } },
    onWarning: () => used.add("hosts"),
    log: () => void used.add("log"),
    platform: { os: "linux", architecture: "amd64" },
  });
  const reference = `${registry.host}/team/app:v1`;
  await engine.pull(reference, { onEvent: () => used.add("progress") });
  await engine.push(reference);
  await engine.close();
  const all = ["content", "credentials", "headers", "hosts", "log", "names", "progress", "sources", "transfers"];
  expect([...used].toSorted()).toEqual(all);
  expect(await contentStore.exists(image.manifest.descriptor)).toBe(true);
  expect(await referenceStore.resolve(reference)).toMatchObject({ digest: image.manifest.digest });
});

test("[engine/T2] what is pulled and pushed elsewhere has the same bytes and digests", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const index = platformIndex([
    { architecture: "amd64", graph: imageOf(2) },
    { architecture: "arm64", graph: imageOf(2, { seed: 2 }) },
  ]);
  from.put("a/app", index, "v1");
  const contentStore = createMemoryStore();
  const engine = engineWith({ contentStore });
  const [pulled] = await engine.pull(`${from.host}/a/app:v1`, { platform: "all" });
  expect(pulled).toMatchObject({ digest: index.manifest.digest, outcome: "updated", endpoint: from.host, index: undefined, tag: "v1" });
  await contentStore.tag(pulled?.descriptor ?? index.manifest.descriptor, `${to.host}/b/app:v2`);
  const [pushed] = await engine.push(`${to.host}/b/app:v2`);
  expect(pushed).toEqual({
    reference: `${to.host}/b/app:v2`,
    tag: "v2",
    digest: index.manifest.digest,
    size: index.manifest.bytes.byteLength,
    outcome: "tagged",
  });
  const byDigest = (store: ReadonlyMap<string, { readonly bytes: Buffer }>): Map<string, string> =>
    new Map([...store].map(([key, { bytes }]) => [key.split(" ")[1] ?? "", bytes.toString("hex")]));
  expect(byDigest(to.manifests)).toEqual(byDigest(from.manifests));
  expect(to.blobs.size).toBe(from.blobs.size);
});

test("[engine/T3] a content store and a reference store are enough", async () => {
  const registry = await startFake();
  const image = imageOf(1);
  registry.put("a", image, "v1");
  const memory = createMemoryStore();
  const contentStore = {
    fetch: async (target: Descriptor) => await memory.fetch(target),
    exists: async (target: Descriptor) => await memory.exists(target),
    push: async (target: Descriptor, content: ByteSource) => await memory.push(target, content),
  };
  const referenceStore = createReferenceStore();
  const engine = createEngine({ contentStore, referenceStore });
  const reference = `${registry.host}/a:v1`;
  expect(await engine.pull(reference)).toMatchObject([{ reference, outcome: "updated" }]);
  expect(await referenceStore.resolve(reference)).toMatchObject({ digest: image.manifest.digest });
  expect(await engine.pull(reference)).toMatchObject([{ outcome: "current" }]);
  expect(await engine.push(reference)).toMatchObject([{ outcome: "unchanged" }]);
  await engine.close();
});

test("[engine/T3] an engine without any option keeps content and names in memory", async () => {
  const registry = await startFake();
  registry.put("a", imageOf(1), "v1");
  const engine = engineWith();
  await engine.pull(`${registry.host}/a:v1`);
  await engine.push(`${registry.host}/a:v1`);
  expect(await engine.tags(`${registry.host}/a`)).toEqual(["v1"]);
  expect(await engine.resolve(`${registry.host}/a:v1`)).toMatchObject({ mediaType: MEDIA_TYPES.ociManifest });
});

test("every operation is logged once, with what it was about or why it failed", async () => {
  const registry = await startFake();
  const image = imageOf(1);
  registry.put("a", image, "v1");
  const log: EngineLogEvent[] = [];
  const engine = engineWith({ log: (event) => log.push(event) });
  const { host } = registry;
  const digests = [image.manifest.digest];
  await engine.pull(`${host}/a:v1`);
  await engine.push(`${host}/a:v1`);
  await engine.copy(`${host}/a:v1`, `${host}/b:v2`);
  await engine.tag(`${host}/b:v2`, ["v3", "v4"]);
  await engine.delete(`${host}/b@${image.manifest.digest}`).catch(() => undefined);
  await engine.pull(`${host}/nope:v1`).catch(() => undefined);
  const durationMs = expect.any(Number);
  expect(log).toEqual([
    { action: "pull", reference: `${host}/a:v1`, digests, durationMs },
    { action: "push", reference: `${host}/a:v1`, digests, durationMs },
    { action: "copy", reference: `${host}/a:v1`, destination: `${host}/b:v2`, digests, durationMs },
    { action: "tag", reference: `${host}/b:v2`, digests, durationMs },
    expect.objectContaining({ action: "delete", reference: `${host}/b@${image.manifest.digest}` }),
    {
      action: "pull",
      reference: `${host}/nope:v1`,
      durationMs,
      error: { class: "NotFound", code: "ERR_NOT_FOUND", message: expect.stringContaining("nope") },
    },
  ]);
  expect([registry.tags.get("b v3"), registry.tags.get("b v4")]).toEqual([image.manifest.digest, image.manifest.digest]);
});

test("a log that throws fails nothing", async () => {
  const registry = await startFake();
  registry.put("a", imageOf(1), "v1");
  const engine = engineWith({
    log: () => {
      throw new Error("no");
    },
  });
  expect(await engine.tags(`${registry.host}/a`)).toEqual(["v1"]);
});

test.each([
  [401, "UNAUTHORIZED", "Unauthorized"],
  [403, "DENIED", "Denied"],
  [429, "TOOMANYREQUESTS", "RateLimited"],
  [500, undefined, "Unavailable"],
])("errors say what they mean: %i %s is %s", async (status, code, meaning) => {
  const registry = await startFake({ answer: answering(status, code) });
  const error = await engineError(engineWith().tags(`${registry.host}/a`));
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ class: meaning, status, registry: registry.host, ...(code && { code }) });
});

test("[engine/T9] a request that keeps failing is sent five times, and no oftener however it is wrapped", async () => {
  const registry = await startFake({
    answer(request, response) {
      if (request.method !== "GET" || request.url?.includes("/blobs/") !== true) return false;
      response.writeHead(503, { "content-length": "0" }).end();
      return true;
    },
  });
  registry.put("a", imageOf(0), "v1");
  const engine = createEngine({ connection: { plainHttp: true, http: {}, retry: { policy: { backoff: () => 0 } } } });
  expect(await engineError(engine.pull(`${registry.host}/a:v1`))).toMatchObject({ class: "Unavailable", status: 503, retryable: true });
  expect(registry.count("GET a/blobs")).toBe(5);
  await engine.close();
});

test("malformed references and places are errors of input, before anything is sent", async () => {
  const engine = engineWith();
  const calls = [
    () => engine.pull("A"),
    () => engine.push("A"),
    () => engine.tags("dir:x"),
    () => engine.copy("a", ""),
    () => engine.delete("localhost/a"),
    () => engine.tag("A", ["x"]),
  ];
  for (const call of calls) expect(await engineError(call())).toMatchObject({ class: "InvalidInput" });
});

test("metadata headers go with every request, and only such", async () => {
  const seen: unknown[] = [];
  const registry = await startFake({
    answer(request) {
      seen.push(request.headers["x-meta-build"]);
      return false;
    },
  });
  registry.put("a", imageOf(1), "v1");
  await engineWith({ metaHeaders: { "X-Meta-Build": "7" } }).pull(`${registry.host}/a:v1`);
  expect(new Set(seen)).toEqual(new Set(["7"]));
  const wrong = engineWith({ metaHeaders: { Authorization: "secret" } });
  const error = await engineError(wrong.pull(`${registry.host}/a:v1`));
  expect(error.message).toContain("X-Meta-");
  expect(error.message).not.toContain("secret");
});

test.each([
  ['Basic realm="x"', { username: "u", password: "p" }, `Basic ${Buffer.from("u:p").toString("base64")}`],
  ['Bearer realm="https://tokens.test/"', { accessToken: "fixed" }, "Bearer fixed"],
])("a fixed bearer token and a user name go out as they are: %s", async (challenge, credential, sent) => {
  const seen: unknown[] = [];
  const registry = await startFake({
    answer(request, response) {
      seen.push(request.headers.authorization);
      if (request.headers.authorization !== undefined) return false;
      response.writeHead(401, { "www-authenticate": challenge, "content-length": 0 });
      response.end();
      return true;
    },
  });
  registry.put("a", imageOf(1), "v1");
  await engineWith({ connection: { credentials: async () => credential } }).pull(`${registry.host}/a:v1`);
  expect(new Set(seen)).toEqual(new Set([undefined, sent]));
});

test("[engine/T4,T25] a repository of an engine is reached over its connections, and is the registry's own, whatever mirrors there are", async () => {
  const [mirror, origin] = [await startFake(), await startFake()];
  const seen: unknown[] = [];
  origin.options = { answer: (request) => (seen.push(request.headers["x-meta-build"]), false) };
  const engine = engineWith({ hosts: { [origin.host]: { mirrors: [`http://${mirror.host}`] } }, metaHeaders: { "X-Meta-Build": "7" } });
  const repository = engine.repository(`${origin.host}/team/app`);
  expect([repository.registry, repository.name, origin.journal]).toEqual([origin.host, "team/app", []]);
  const store = createMemoryStore();
  const image = imageOf(1);
  await fill(store, image);
  await store.tag(image.manifest.descriptor, "v1");
  expect((await copy(store, "v1", repository)).tags).toMatchObject([{ tag: "v1", digest: image.manifest.digest, outcome: "tagged" }]);
  expect(await repository.resolve("v1")).toEqual(image.manifest.descriptor);
  expect([new Set(seen), mirror.journal]).toEqual([new Set(["7"]), []]);
});

test("an engine that was closed begins no operation", async () => {
  const engine = createEngine();
  await engine.close();
  const closed = await engine.resolve("oci:nothing").catch((error: unknown) => error);
  expect(closed).toBeInstanceOf(EngineError);
  expect(closed).toMatchObject({ class: "Unsupported", message: expect.stringContaining("the engine is closed") });
});

test("an engine is closed by leaving the block that it is used in", async () => {
  const left = await (async () => {
    await using engine = createEngine();
    return engine;
  })();
  expect(await engineError(left.tags("r.test/a"))).toMatchObject({ class: "Unsupported", message: expect.stringContaining("closed") });
});

test.each([
  ["that says so", "NAME_UNKNOWN", "NAME_UNKNOWN"],
  ["that has no words for it", undefined, "ERR_NOT_FOUND"],
])("tags of a repository that is not there fail with what helps, at a registry %s", async (_, said, code) => {
  const registry = await startFake({ answer: answering(404, said) });
  const hint = { kind: "list-repositories", text: expect.stringContaining("list the repositories") };
  expect(await engineError(engineWith().tags(`${registry.host}/nope`))).toMatchObject({ class: "NotFound", code, hint });
});
