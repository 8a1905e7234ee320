import { CONTENT, type Misbehaviour, manifestReply, OTHER_DIGEST, PATHS } from "./misbehaviour.ts";

const { blob, manifest } = CONTENT;
const wrong = Buffer.alloc(blob.bytes.byteLength, "x");
const type = { "content-type": "application/octet-stream" };

/** Bytes, digests and lengths that are not what they are said to be. */
export const CONTENT_MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    name: "serves other bytes under a blob's digest",
    ask: "fetch blob",
    arrange: (r) => r.on("GET", PATHS.blob, { headers: type, body: wrong }),
  },
  {
    name: "serves a blob that is shorter than its descriptor says",
    ask: "fetch blob",
    arrange: (r) => r.on("GET", PATHS.blob, { headers: type, body: blob.bytes.subarray(0, 5) }),
  },
  {
    name: "serves a blob that is longer than its descriptor says",
    ask: "fetch blob",
    arrange: (r) => r.on("GET", PATHS.blob, { headers: type, body: Buffer.concat([blob.bytes, wrong]) }),
  },
  {
    name: "serves a blob without a length and stops early",
    ask: "fetch blob",
    arrange: (r) => r.on("GET", PATHS.blob, () => ({ headers: type, body: chunks(blob.bytes.subarray(0, 5)) })),
  },
  {
    name: "serves a blob without a length and does not stop",
    ask: "fetch blob",
    arrange: (r) => r.on("GET", PATHS.blob, () => ({ headers: type, body: chunks(blob.bytes, wrong, wrong) })),
  },
  {
    name: "cuts every download of a blob at its first byte",
    ask: "fetch blob",
    arrange: (r) => r.on("GET", PATHS.blob, { headers: type, body: blob.bytes, cutAfter: 1 }),
  },
  {
    name: "answers a range with another one",
    ask: "fetch blob from offset 4",
    arrange: (r) =>
      r.on("GET", PATHS.blob, {
        status: 206,
        headers: { ...type, "content-range": `bytes 0-${blob.bytes.byteLength - 5}/${blob.bytes.byteLength}` },
        body: blob.bytes.subarray(0, -4),
      }),
  },
  {
    name: "answers a range and does not say which",
    ask: "fetch blob from offset 4",
    arrange: (r) => r.on("GET", PATHS.blob, { status: 206, headers: type, body: blob.bytes.subarray(4) }),
  },
  {
    name: "says that a range of a blob is of a larger whole",
    ask: "fetch blob from offset 4",
    arrange: (r) =>
      r.on("GET", PATHS.blob, {
        status: 206,
        headers: { ...type, "content-range": `bytes 4-${blob.bytes.byteLength - 1}/9007199254740993` },
        body: blob.bytes.subarray(4),
      }),
  },
  {
    name: "serves other bytes under a manifest's digest",
    ask: "fetch manifest by digest",
    arrange: (r) => r.on("GET", PATHS.manifest, manifestReply({ body: manifest.bytes.map((byte) => byte ^ 1) })),
  },
  {
    name: "names another digest for a manifest fetched by digest",
    ask: "fetch manifest by digest",
    arrange: (r) => r.on("GET", PATHS.manifest, manifestReply({ headers: { "docker-content-digest": OTHER_DIGEST } })),
  },
  {
    name: "serves a manifest of another media type",
    ask: "fetch manifest by digest",
    arrange: (r) => r.on("GET", PATHS.manifest, manifestReply({ headers: { "content-type": "application/vnd.oci.image.index.v1+json" } })),
  },
  {
    name: "names another digest for a manifest resolved by digest",
    ask: "resolve digest",
    arrange: (r) => r.on("HEAD", PATHS.manifest, manifestReply({ headers: { "docker-content-digest": OTHER_DIGEST } })),
  },
  {
    name: "names a digest that is none",
    ask: "resolve tag",
    arrange: (r) =>
      r
        .on("HEAD", PATHS.tag, manifestReply({ headers: { "docker-content-digest": "sha256:short" } }))
        .on("GET", PATHS.tag, manifestReply({ headers: { "docker-content-digest": "sha256:short" } })),
  },
  {
    name: "serves a manifest by tag that is cut",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, manifestReply({ cutAfter: 10 })),
  },
  {
    name: "says that a manifest is larger than any number",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, manifestReply({ headers: { "content-length": "99999999999999999999" } })),
  },
  {
    name: "lists referrers in broken JSON",
    ask: "list referrers",
    arrange: (r) =>
      r.on("GET", PATHS.referrers, { headers: { "content-type": "application/vnd.oci.image.index.v1+json" }, body: '{"manifests":[{"' }),
  },
];

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part;
}
