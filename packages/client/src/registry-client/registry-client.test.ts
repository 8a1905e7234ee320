import { inspect } from "node:util";
import { bytesSource, isDigest, type Manifest, MEDIA_TYPES, UnsupportedError } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { EMPTY_JSON, imageManifest, indexManifest, manifestOf } from "@berth/testkit/images";
import { type ScriptedRegistry, type ScriptedReply, scriptManifests, startScriptedRegistry } from "@berth/testkit/scripted";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ProtocolError, ResponseError, UnreplayableBodyError } from "../errors.ts";
import { composeTransport, type TransportRequest } from "../transport/transport.ts";
import { createUndiciTransport } from "../transport/undici-transport.ts";
import { connectRegistry, createRegistryClient, openRegistryClient } from "./create-registry-client.ts";
import { parseRegistryClientOptions, type RegistryClientOptions, registryClientOptions } from "./options.ts";
import { createPageReader, NoMorePagesError } from "./page-reader.ts";
import type { RegistryClient } from "./registry-client.ts";
import { quiet } from "./registry-log.ts";
import { wrapTransport } from "./wrap-transport.ts";

const BLOB = Buffer.from("some content");
const DIGEST = digestOf(BLOB);
const OTHER = digestOf("other");
let registry: ScriptedRegistry;

beforeEach(async () => {
  registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
});

function open(options: RegistryClientOptions = {}, path = ""): RegistryClient {
  const { pingFirst: _, ...rest } = options;
  return createRegistryClient(`${registry.url}${path}`, { log: quiet, ...rest });
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): ScriptedReply {
  return { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** Makes the registry ask for tokens; gives those of the token server in turn. */
function useTokens(path: RegExp, ...answers: readonly ScriptedReply[]): void {
  const challenge = { "www-authenticate": `Bearer realm="${registry.url}/token",service="s",scope="repository:a:pull,push"` };
  registry.on("GET", "/token", json({ token: "T" }));
  for (const method of ["GET", "PUT", "POST"]) {
    registry.on(method, path, (request) => {
      if (request.headers["authorization"] !== "Bearer T") return { status: 401, headers: challenge };
      return answers[Math.min(used++, answers.length - 1)] ?? {};
    });
  }
  let used = 0;
}

describe("construction", () => {
  test("[client/A-1] the URL loses one slash, and its path stands before /v2/", async () => {
    registry.on("GET", "/proxied/v2/", {});
    const client = open({}, "/proxied/");
    expect(client.url).toBe(`${registry.url}/proxied`);
    await client.ping();
    expect(registry.journal()).toEqual(["GET /proxied/v2/"]);
    expect(createRegistryClient("https://r.test//", { log: quiet }).url).toBe("https://r.test/");
  });

  test("[client/A-1,A-16] links of a registry that does not know what stands in front of it are followed below the path", async () => {
    registry.on(
      "GET",
      "/proxied/v2/_catalog",
      json({ repositories: ["a"] }, { link: `</v2/_catalog?last=a&n=1>; rel="next"` }),
      json({ repositories: ["b"] }),
    );
    expect(await open({}, "/proxied").repositories()).toEqual(["a", "b"]);
    expect(registry.journal()).toEqual(["GET /proxied/v2/_catalog?n=1000", "GET /proxied/v2/_catalog?last=a&n=1"]);
  });

  test.each(["r.test", "ftp://r.test", "https://u:p@r.test", "https://r.test/?x", ""])("[client/A-1] %j is refused as a URL", (url) => {
    expect(() => createRegistryClient(url)).toThrow(TypeError);
  });

  test("[client/A-2] connectRegistry() fails where a ping fails", async () => {
    registry.on("GET", "/v2/", {}, { status: 500 });
    const seen: string[] = [];
    const { url } = registry;
    await openRegistryClient(url, { pingFirst: true, log: (format) => seen.push(format) });
    expect(seen).toHaveLength(1);
    registry.on("GET", "/v2/", { status: 403 });
    await expect(openRegistryClient(url, { pingFirst: true, log: quiet })).rejects.toThrow(ResponseError);
    await registry.close();
    const written = new Array<unknown>();
    const { write } = process.stderr;
    process.stderr.write = (text: unknown) => written.push(text) > 0;
    onTestFinished(() => {
      process.stderr.write = write;
    });
    await expect(connectRegistry(url, "", "")).rejects.toMatchObject({ code: "ERR_NETWORK" });
    expect(written).toEqual([`registry.ping url=${url}/v2/\n`]);
  });

  test("[client/A-4] nothing is sent unless asked for", async () => {
    open();
    await openRegistryClient(registry.url, { log: quiet, pingFirst: false });
    expect(registry.requests).toEqual([]);
  });

  test("[client/A-5] options go through JSON and back, without the log, and do not print secrets", () => {
    const options = { username: "u", password: "secret", insecure: true, pingFirst: true, disableBasicAuth: true };
    const stored = JSON.stringify(registryClientOptions({ ...options, log: quiet }));
    expect(JSON.parse(stored)).toEqual({
      username: "u",
      password: "secret",
      insecure: true,
      do_initial_ping: true,
      disable_basicauth: true,
    });
    expect({ ...parseRegistryClientOptions(stored) }).toEqual(options);
    expect(JSON.stringify(registryClientOptions({}))).toBe("{}");
    expect(inspect(registryClientOptions(options), { depth: 9 })).not.toContain("secret");
    expect(inspect(parseRegistryClientOptions(stored), { depth: 9 })).not.toContain("secret");
    expect(inspect(open(options), { depth: 9, showHidden: true })).not.toContain("secret");
  });

  test.each(["[]", "1", `{"username":1}`, `{"insecure":"yes"}`])("[client/A-5] %j are no options", (text) => {
    expect(() => parseRegistryClientOptions(text)).toThrow(TypeError);
  });
});

describe("log", () => {
  test("[client/A-6] each operation logs one line that starts with its name, uploads without their query", async () => {
    const manifest = imageManifest({ mediaType: MEDIA_TYPES.dockerManifest });
    scriptManifests(registry, "a").put("v1", manifest.bytes, manifest.mediaType);
    const blob = `/v2/a/blobs/${DIGEST}`;
    registry
      .on("GET", "/v2/", {})
      .on("GET", "/v2/_catalog", json({}))
      .on("GET", "/v2/a/tags/list", json({}))
      .on("HEAD", blob, { headers: { "content-length": String(BLOB.byteLength) } })
      .on("GET", blob, { body: BLOB })
      .on("POST", "/v2/a/blobs/uploads/", { status: 202, headers: { location: "/v2/a/blobs/uploads/u?_state=secret" } })
      .on("PUT", "/v2/a/blobs/uploads/u", { status: 201 });
    const lines: string[][] = [];
    const client = open({ log: (format, ...values) => lines.push([format, ...values.map(String)]) });
    const operations: readonly (readonly [events: readonly string[], run: () => Promise<unknown>])[] = [
      [["registry.ping"], () => client.ping()],
      [["registry.repositories"], () => client.repositories()],
      [["registry.tags"], () => client.tags("a")],
      [["registry.blob.check"], () => client.hasBlob("a", DIGEST)],
      [["registry.blob.check"], () => client.blobMetadata("a", DIGEST)],
      [["registry.blob.download"], async () => (await client.downloadBlob("a", DIGEST)).toArray()],
      [["registry.blob.initiate-upload", "registry.blob.upload"], () => client.uploadBlob("a", DIGEST, BLOB)],
      [["registry.manifest.get"], () => client.manifest("a", "v1")],
      [["registry.manifest.get"], () => client.manifestV2("a", "v1")],
      [["registry.manifest.head"], () => client.manifestDescriptor("a", "v1")],
      [["registry.manifest.head"], () => client.manifestDigest("a", "v1")],
      [
        ["registry.manifest.put"],
        async () =>
          client.putManifest(
            "a",
            "v2",
            await client
              .repository("a")
              .fetchManifest("v1")
              .then((one) => one.manifest),
          ),
      ],
      [["registry.manifest.delete"], () => client.deleteManifest("a", manifest.digest)],
    ];
    for (const [events, run] of operations) {
      lines.length = 0;
      await run();
      expect(lines.map(([format = ""]) => format.split(" ")[0])).toEqual(events);
      expect(lines.flat().join(" ")).not.toContain("secret");
    }
  });
});

describe("requests", () => {
  test("[client/A-7] ping() tells a registry from something else", async () => {
    registry.on("GET", "/v2/", {}, { status: 404 }, { status: 405 }, { status: 500 });
    const client = createRegistryClient(registry.url, { log: quiet, transport: createUndiciTransport() });
    await client.ping();
    for (const status of [404, 405, 500]) await expect(client.ping()).rejects.toMatchObject({ code: "ERR_RESPONSE", status });
  });

  test("[client/A-7] ping() goes through authentication first", async () => {
    useTokens(/^\/v2\/$/, {});
    await open({ username: "u", password: "p" }).ping();
    expect(registry.journal()).toEqual(["GET /v2/", "GET /token?service=s&scope=repository%3Aa%3Apull%2Cpush", "GET /v2/"]);
  });

  test("[client/A-8,A-9,A-10] Basic goes out unasked, and a token takes its place once one is asked for", async () => {
    useTokens(/^\/v2\/a\/tags\/list$/, json({ tags: ["x"] }));
    expect(await open({ username: "u", password: "p" }).tags("a")).toEqual(["x"]);
    const sent = registry.requests.map((request) => request.headers["authorization"]);
    expect(sent).toEqual([basic("u", "p"), basic("u", "p"), "Bearer T"]);
  });

  test("[client/A-4,A-9] without Basic the password goes to the token server alone", async () => {
    useTokens(/^\/v2\/a\/tags\/list$/, json({ tags: ["x"] }));
    registry.on("GET", "/v2/", { status: 401, headers: { "www-authenticate": "Basic" } });
    const client = open({ username: "u", password: "p", disableBasicAuth: true });
    expect(await client.tags("a")).toEqual(["x"]);
    await expect(client.ping()).rejects.toThrow();
    const toRegistry = registry.requests.filter((request) => request.path !== "/token").map((request) => request.headers["authorization"]);
    expect(toRegistry.some((value) => value?.startsWith("Basic"))).toBe(false);
  });

  test("[client/A-16] tags() takes null, a page without the key, and resolves links against the page", async () => {
    registry.on(
      "GET",
      "/v2/a/tags/list",
      json({ tags: ["x"] }, { link: `<?last=x>; rel="next"` }),
      json({ name: "a" }, { link: `<?last=y>; rel=next` }),
      json({ tags: null }),
    );
    expect(await open().tags("a")).toEqual(["x"]);
    expect(registry.journal().slice(1)).toEqual(["GET /v2/a/tags/list?last=x", "GET /v2/a/tags/list?last=y"]);
  });

  test("[client/A-15] a page reader says when there are no more pages", async () => {
    registry.on("GET", "/v2/_catalog", json({ repositories: ["a"] }, { link: `<?last=a>; rel="next"` }), json({ repositories: ["b"] }));
    const reader = createPageReader(open().repositoryPages());
    expect([await reader.next(), await reader.next()]).toEqual([["a"], ["b"]]);
    await expect(reader.next()).rejects.toThrow(NoMorePagesError);
    await reader.close();
  });

  test("[client/A-17] links come bare, with other parameters, in several fields; prev is none", async () => {
    const page = (name: string, link: string | readonly string[]): ScriptedReply => ({
      headers: { "content-type": "application/json", link },
      body: JSON.stringify({ tags: [name] }),
    });
    registry.on(
      "GET",
      "/v2/a/tags/list",
      page("1", "/v2/a/tags/list?last=1; rel=next"),
      page("2", [`<?last=0>; rel="prev"`, `<?last=2>; title="x"; rel="next"; n=1`]),
      page("3", `<?last=2>; rel="prev"`),
    );
    expect(await open().tags("a")).toEqual(["1", "2", "3"]);
  });
});

describe("blobs", () => {
  const path = `/v2/a/blobs/${DIGEST}`;

  test("[client/A-18] hasBlob() is true for 200 and false for 404; anything else throws", async () => {
    registry.on("HEAD", path, {}, { status: 404 }, { status: 403 });
    const client = open();
    expect([await client.hasBlob("a", DIGEST), await client.hasBlob("a", DIGEST)]).toEqual([true, false]);
    await expect(client.hasBlob("a", DIGEST)).rejects.toThrow(ResponseError);
  });

  test("[client/A-19] blobMetadata() gives digest and size, and refuses another digest or no size", async () => {
    registry.on(
      "HEAD",
      path,
      { headers: { "content-length": "12" } },
      { headers: { "content-length": "12", "docker-content-digest": OTHER } },
    );
    const client = open();
    expect(await client.blobMetadata("a", DIGEST)).toEqual({ mediaType: MEDIA_TYPES.octetStream, digest: DIGEST, size: 12 });
    await expect(client.blobMetadata("a", DIGEST)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    registry.on("HEAD", path, { headers: { "transfer-encoding": "chunked" } }).on("GET", path, { body: bytesSource(BLOB) });
    await expect(client.blobMetadata("a", DIGEST)).rejects.toThrow(ProtocolError);
  });

  test("[client/A-20] downloadBlob() follows redirects without credentials, and checks the digest unless told not to", async () => {
    const storage = await startScriptedRegistry();
    onTestFinished(() => storage.close());
    storage.on("GET", "/data", { body: BLOB }, { body: "SOME content" });
    registry.on("GET", path, { status: 307, headers: { location: `${storage.url.replace("127.0.0.1", "localhost")}/data` } });
    registry.on("HEAD", path, { headers: { "content-length": "12" } });
    const client = open({ username: "u", password: "p" });
    expect(Buffer.concat(await (await client.downloadBlob("a", DIGEST)).toArray())).toEqual(BLOB);
    expect(storage.requests[0]?.headers["authorization"]).toBeUndefined();
    await expect((await client.downloadBlob("a", DIGEST)).toArray()).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    expect(String(Buffer.concat(await (await client.downloadBlob("a", DIGEST, { raw: true })).toArray()))).toBe("SOME content");
  });

  const UPLOADS = "/v2/a/blobs/uploads/";
  const started = (location: string): ScriptedReply => ({ status: 202, headers: { location } });
  const UPLOAD = "/v2/a/blobs/uploads/u";

  test("[client/A-21] uploadBlob() sends a POST and a PUT, and leaves the location's query as it is", async () => {
    registry.on("POST", UPLOADS, started(`${UPLOAD}?_state=a%3D%3D&x=1`)).on("PUT", UPLOAD, { status: 201 });
    await open().uploadBlob("a", DIGEST, BLOB);
    const [post, put] = registry.requests;
    expect([post?.target, post?.headers["content-length"]]).toEqual([UPLOADS, "0"]);
    expect(put?.target).toBe(`${UPLOAD}?_state=a%3D%3D&x=1&digest=${encodeURIComponent(DIGEST)}`);
    expect([put?.headers["content-type"], put?.headers["content-length"]]).toEqual(["application/octet-stream", "12"]);
    expect(put?.body).toEqual(BLOB);
  });

  test("[client/A-21] uploadBlob() sends content of unknown size in pieces, and an empty blob with its length", async () => {
    registry.on("POST", UPLOADS, started(UPLOAD)).on("PUT", UPLOAD, { status: 201 });
    const client = open();
    await client.uploadBlob("a", DIGEST, once(BLOB));
    await client.uploadBlob("a", digestOf(""), "");
    const puts = registry.requests.filter((request) => request.method === "PUT");
    expect(puts.map((put) => [put.headers["content-length"], put.headers["transfer-encoding"]])).toEqual([
      [undefined, "chunked"],
      ["0", undefined],
    ]);
    expect(puts[0]?.body).toEqual(BLOB);
  });

  test("[client/A-12,A-21] content that can be read once is lost to a late challenge, unless getBody opens it anew", async () => {
    const challenge = { "www-authenticate": `Bearer realm="${registry.url}/token"` };
    registry.on("GET", "/v2/", {}).on("GET", "/token", json({ token: "T" }));
    registry.on("POST", UPLOADS, started(UPLOAD)).on("DELETE", UPLOAD, { status: 204 });
    registry.on("PUT", UPLOAD, (request) =>
      request.headers["authorization"] === "Bearer T" ? { status: 201 } : { status: 401, headers: challenge },
    );
    const identity = { username: "u", password: "p" }; // clients of nobody share their tokens
    await expect(open(identity).uploadBlob("a", DIGEST, once(BLOB))).rejects.toThrow(UnreplayableBodyError);
    let opened = 0;
    const getBody = (): AsyncIterable<Uint8Array> => {
      opened++;
      return once(BLOB);
    };
    await open(identity).uploadBlob("a", DIGEST, once(BLOB), { getBody });
    expect(opened).toBe(1);
    const cause = new Error("gone");
    const failing = (): never => {
      throw cause;
    };
    await expect(open(identity).uploadBlob("a", DIGEST, once(BLOB), { getBody: failing })).rejects.toMatchObject({
      code: "ERR_UNREPLAYABLE_BODY",
      cause,
    });
  });

  test("[client/A-21] an upload that the registry refuses is thrown away, and the content closed", async () => {
    registry.on("POST", UPLOADS, started(UPLOAD), { status: 403 }).on("PUT", UPLOAD, { status: 400 }).on("DELETE", UPLOAD, { status: 204 });
    await expect(open().uploadBlob("a", OTHER, BLOB)).rejects.toMatchObject({ status: 400 });
    expect(registry.journal("DELETE")).toEqual([`DELETE ${UPLOAD}`]);
    let closed = false;
    const content = Object.assign(once(BLOB), { destroy: () => (closed = true) });
    await expect(open().uploadBlob("a", DIGEST, content)).rejects.toMatchObject({ status: 403 });
    expect(closed).toBe(true);
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe("manifests", () => {
  const image = imageManifest({ mediaType: MEDIA_TYPES.dockerManifest });
  const schema1 = manifestOf(
    {
      schemaVersion: 1,
      name: "a",
      tag: "v1",
      architecture: "amd64",
      fsLayers: [{ blobSum: DIGEST }],
      history: [{ v1Compatibility: "{}" }],
    },
    MEDIA_TYPES.dockerSchema1,
  );
  const path = "/v2/a/manifests/v1";
  const serve = ({ bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string }): ScriptedReply => ({
    headers: { "content-type": mediaType },
    body: bytes,
  });

  function listOf(...platforms: readonly (readonly [os: string, architecture: string])[]): ReturnType<typeof indexManifest> {
    const entries = platforms.map(([os, architecture]) => ({ ...imageOf(os, architecture).descriptor, platform: { os, architecture } }));
    return indexManifest(entries, { mediaType: MEDIA_TYPES.dockerManifestList });
  }

  function imageOf(os: string, architecture: string): ReturnType<typeof imageManifest> {
    return imageManifest({
      mediaType: MEDIA_TYPES.dockerManifest,
      layers: [descriptorOf(MEDIA_TYPES.dockerLayerGzip, Buffer.from(os + architecture))],
    });
  }

  test("[client/A-22] manifest() asks for Docker's types in order and keeps the bytes", async () => {
    registry.on("GET", path, serve(image), serve(schema1));
    const client = open();
    const manifest = await client.manifest("a", "v1");
    expect([manifest.kind, digestOf(manifest.raw)]).toEqual(["image", image.digest]);
    expect((await client.manifest("a", "v1")).kind).toBe("schema1");
    const accepted = registry.requests[0]?.headers["accept"]?.split(", ").slice(0, 3);
    expect(accepted).toEqual([MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerSchema1Signed, MEDIA_TYPES.dockerSchema1]);
  });

  test("[client/A-23] the type must be one asked for, or a list; parameters do not count, the body must agree", async () => {
    const list = listOf(["linux", "amd64"]);
    const oci = imageManifest();
    registry.on(
      "GET",
      path,
      serve({ ...image, mediaType: `${image.mediaType}; charset=utf-8` }),
      serve(list),
      serve(oci),
      serve({ ...image, mediaType: "text/plain" }),
      serve({ ...image, mediaType: MEDIA_TYPES.dockerManifestList }),
    );
    const client = open();
    const read = async (): Promise<string> => (await client.manifest("a", "v1")).mediaType;
    expect([await read(), await read(), await read()]).toEqual([image.mediaType, list.mediaType, oci.mediaType]);
    await expect(read()).rejects.toThrow(/"text\/plain", expected "application\/vnd\.docker/);
    await expect(read()).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
  });

  test("[client/A-24] manifestV1(), manifestV2() and manifestList() ask for one family and refuse the others", async () => {
    const list = listOf(["linux", "amd64"]);
    const client = open();
    registry.on("GET", path, serve(schema1), serve(image));
    expect((await client.manifestV1("a", "v1")).kind).toBe("schema1");
    await expect(client.manifestV1("a", "v1")).rejects.toThrow(ProtocolError);
    registry.on("GET", path, serve(list), serve(image));
    expect((await client.manifestList("a", "v1")).raw).toEqual(list.bytes);
    await expect(client.manifestList("a", "v1")).rejects.toThrow(ProtocolError);
    registry.on("GET", path, serve(image), serve(schema1));
    expect((await client.manifestV2("a", "v1")).raw).toEqual(image.bytes);
    await expect(client.manifestV2("a", "v1")).rejects.toThrow(ProtocolError);
    await expect((registry.on("GET", path, serve(list)), client.manifestV1("a", "v1"))).rejects.toThrow(UnsupportedError);
    const asked = registry.requests.map((request) => request.headers["accept"]);
    expect(new Set(asked)).toEqual(
      new Set([
        `${MEDIA_TYPES.dockerSchema1Signed}, ${MEDIA_TYPES.dockerSchema1}`,
        MEDIA_TYPES.dockerManifestList,
        MEDIA_TYPES.dockerManifest,
      ]),
    );
  });

  test("[client/A-24] manifestV2() takes linux/amd64 of a list whatever its case, another platform on demand, else the first", async () => {
    const manifests = scriptManifests(registry, "a");
    const put = (list: ReturnType<typeof indexManifest>): string => manifests.put("v1", list.bytes, list.mediaType);
    for (const [os, architecture] of [
      ["windows", "amd64"],
      ["Linux", "AMD64"],
      ["linux", "arm64"],
    ] as const) {
      const one = imageOf(os, architecture);
      manifests.put(one.digest, one.bytes, one.mediaType);
    }
    const client = open();
    const digest = put(listOf(["windows", "amd64"], ["Linux", "AMD64"], ["linux", "arm64"]));
    const read = async (options?: Parameters<RegistryClient["manifestV2"]>[2]): Promise<string> =>
      digestOf((await client.manifestV2("a", digest, options)).raw);
    expect(await read()).toBe(imageOf("Linux", "AMD64").digest);
    expect(await read({ platform: { os: "linux", architecture: "arm64" } })).toBe(imageOf("linux", "arm64").digest);
    expect(await read({ platform: { os: "plan9", architecture: "mips" } })).toBe(imageOf("windows", "amd64").digest);
  });

  test("[client/A-24] manifestV2() fails on an empty list, and on lists without end", async () => {
    const client = open();
    registry.on("GET", path, serve(listOf()));
    await expect(client.manifestV2("a", "v1")).rejects.toThrow("the list is empty");
    let inner = listOf(["linux", "amd64"]);
    const manifests = scriptManifests(registry, "a");
    for (let depth = 0; depth < 6; depth++) {
      manifests.put(inner.digest, inner.bytes, inner.mediaType);
      inner = indexManifest([{ ...inner.descriptor, platform: { os: "linux", architecture: "amd64" } }], {
        mediaType: MEDIA_TYPES.dockerManifestList,
      });
    }
    manifests.put("v1", inner.bytes, inner.mediaType);
    await expect(client.manifestV2("a", "v1")).rejects.toThrow("lists are nested deeper than 4 levels");
  });

  test("[client/A-25] manifestDescriptor() is one HEAD, and a GET where that says too little", async () => {
    const full = {
      "content-type": image.mediaType,
      "content-length": String(image.bytes.byteLength),
      "docker-content-digest": image.digest,
    };
    registry.on("HEAD", path, { headers: full }, { headers: { "content-type": image.mediaType } }).on("GET", path, serve(image));
    const client = open();
    expect(await client.manifestDescriptor("a", "v1")).toEqual(image.descriptor);
    expect(registry.journal()).toEqual([`HEAD ${path}`]);
    expect(await client.manifestDescriptor("a", "v1")).toEqual(image.descriptor);
    const accepted = registry.requests[0]?.headers["accept"]?.split(", ").slice(0, 4);
    expect(accepted).toEqual([
      MEDIA_TYPES.dockerManifestList,
      MEDIA_TYPES.dockerManifest,
      MEDIA_TYPES.dockerSchema1Signed,
      MEDIA_TYPES.dockerSchema1,
    ]);
  });

  test("[client/A-26] manifestDigest() names no type, manifestV2Digest() one; the header must be there and be a digest", async () => {
    const named = (value: string): ScriptedReply => ({ headers: { "docker-content-digest": value } });
    registry.on("HEAD", path, named(OTHER), named(DIGEST), {}, named("sha256:1"), { status: 404 });
    const client = open();
    expect([await client.manifestDigest("a", "v1"), await client.manifestV2Digest("a", "v1")]).toEqual([OTHER, DIGEST]);
    expect(registry.requests.map((request) => request.headers["accept"])).toEqual([undefined, MEDIA_TYPES.dockerManifest]);
    await expect(client.manifestDigest("a", "v1")).rejects.toThrow(ProtocolError);
    await expect(client.manifestDigest("a", "v1")).rejects.toThrow(ProtocolError);
    await expect(client.manifestDigest("a", "v1")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("[client/A-27] deleteManifest() tells a missing manifest from deletes that are switched off", async () => {
    const manifests = scriptManifests(registry, "a");
    manifests.put("v1", image.bytes, image.mediaType);
    const client = open();
    await client.deleteManifest("a", image.digest);
    expect(manifests.byDigest.size).toBe(0);
    await expect(client.deleteManifest("a", image.digest)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    manifests.put("v1", image.bytes, image.mediaType);
    registry.on("DELETE", `/v2/a/manifests/${image.digest}`, { status: 200 }, { status: 405 });
    await client.deleteManifest("a", image.digest);
    await expect(client.deleteManifest("a", image.digest)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  });

  test("[client/A-28] putManifest() sends the bytes that it was given", async () => {
    const manifests = scriptManifests(registry, "a");
    const odd = Buffer.from(image.bytes.toString().replaceAll("\n", "\n\n"));
    const manifest: Manifest = { kind: "other", mediaType: image.mediaType, raw: odd, references: [] };
    await open().putManifest("a", "v1", manifest);
    expect(registry.requests.find((request) => request.method === "PUT")?.body).toEqual(odd);
    expect(manifests.tags.get("v1")).toBe(digestOf(odd));
  });

  test("[client/A-29] putManifestV2() writes the manifest, fills in its type and gives its digest", async () => {
    const manifests = scriptManifests(registry, "a");
    const config = descriptorOf(MEDIA_TYPES.dockerConfig, EMPTY_JSON);
    const digest = await open().putManifestV2("a", "v1", { mediaType: "", config, layers: [] });
    expect(isDigest(digest)).toBe(true);
    expect(manifests.tags.get("v1")).toBe(digest);
    expect(manifests.json("v1")).toEqual({ schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifest, config, layers: [] });
    await expect(open().putManifestV2("a", "v1", { mediaType: MEDIA_TYPES.ociManifest, config, layers: [] })).rejects.toMatchObject({
      code: "ERR_INVALID_MANIFEST",
    });
  });
});

describe("wrapTransport()", () => {
  const request = (url: string): TransportRequest => ({ method: "GET", url: new URL(url), headers: {} });

  test("[client/A-8,A-13,A-14] a challenge is answered before an answer becomes an error; Basic is replaced by the token", async () => {
    useTokens(/^\/v2\/a\/tags\/list$/, json({ tags: [] }), { status: 500, body: "oops" });
    const inner = createUndiciTransport();
    onTestFinished(() => inner.close());
    const transport = wrapTransport(composeTransport(inner), registry.url, { username: "u", password: "p" });
    const response = await transport(request(`${registry.url}/v2/a/tags/list`));
    response.body.destroy();
    expect(response.status).toBe(200);
    const sent = registry.requests.map((one) => one.headers["authorization"]);
    expect(sent).toEqual([basic("u", "p"), basic("u", "p"), "Bearer T"]);
    const failure: unknown = await transport(request(`${registry.url}/v2/a/tags/list`)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ResponseError);
    expect(failure).toMatchObject({ status: 500 });
    expect(failure instanceof ResponseError && Buffer.from(failure.body).toString()).toBe("oops");
  });

  test("[client/A-9] Basic goes to the registry's own origin only, and nowhere when it is switched off", async () => {
    const seen: (string | undefined)[] = [];
    const other = await startScriptedRegistry();
    onTestFinished(() => other.close());
    for (const one of [registry, other])
      one.on("GET", "/x", ({ headers }) => ({ status: seen.push(headers["authorization"]) > 0 ? 200 : 500 }));
    const inner = createUndiciTransport();
    onTestFinished(() => inner.close());
    const identity = { username: "u", password: "p" };
    const send = async (options: RegistryClientOptions, url: string): Promise<unknown> =>
      (await wrapTransport(inner, registry.url, options)(request(url))).body.toArray();
    await send(identity, `${registry.url}/x`);
    await send(identity, `${other.url}/x`);
    await send({ ...identity, disableBasicAuth: true }, `${registry.url}/x`);
    expect(seen).toEqual([basic("u", "p"), undefined, undefined]);
  });
});
