import type { ScriptedReply } from "../scripted-registry.ts";
import { CONTENT, type Misbehaviour, OTHER_DIGEST, PATHS } from "./misbehaviour.ts";

const started: ScriptedReply = { status: 202, headers: { location: PATHS.upload, range: "0-0" } };
const accepted = (range: string): ScriptedReply => ({ status: 202, headers: { location: PATHS.upload, range } });
const created = (digest: string): ScriptedReply => ({ status: 201, headers: { location: PATHS.blob, "docker-content-digest": digest } });
const whole = `0-${CONTENT.blob.bytes.byteLength - 1}`;

/** Uploads that go nowhere, and pushes that end otherwise than they say. */
export const UPLOAD_MISBEHAVIOURS: readonly Misbehaviour[] = [
  { name: "starts uploads and does not say where", ask: "push blob", arrange: (r) => r.on("POST", PATHS.uploads, { status: 202 }) },
  {
    name: "says that a pushed blob has another digest",
    ask: "push blob",
    arrange: (r) =>
      r.on("POST", PATHS.uploads, started).on("PATCH", PATHS.upload, accepted(whole)).on("PUT", PATHS.upload, created(OTHER_DIGEST)),
  },
  {
    name: "refuses every commit",
    ask: "push blob",
    arrange: (r) =>
      r
        .on("POST", PATHS.uploads, started)
        .on("PATCH", PATHS.upload, accepted(whole))
        .on("PUT", PATHS.upload, { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match"}]}' }),
  },
  {
    name: "drops every upload",
    ask: "push blob",
    arrange: (r) =>
      r
        .on("POST", PATHS.uploads, started)
        .on("PATCH", PATHS.upload, { cutAfter: -1, early: true })
        .on("PUT", PATHS.upload, { cutAfter: -1, early: true })
        .on("GET", PATHS.upload, { cutAfter: -1 }),
  },
  {
    name: "never has the bytes that it was sent",
    ask: "push blob in chunks",
    arrange: (r) =>
      r
        .on("POST", PATHS.uploads, started)
        .on("PATCH", PATHS.upload, { status: 416, headers: { location: PATHS.upload, range: "0-0" } })
        .on("GET", PATHS.upload, { status: 204, headers: { location: PATHS.upload, range: "0-0" } }),
  },
  {
    name: "has more bytes than it was sent",
    ask: "push blob in chunks",
    arrange: (r) =>
      r
        .on("POST", PATHS.uploads, started)
        .on("PATCH", PATHS.upload, accepted("0-999999"))
        .on("GET", PATHS.upload, { status: 204, headers: { location: PATHS.upload, range: "0-999999" } }),
  },
  {
    name: "forgets uploads",
    ask: "push blob in chunks",
    arrange: (r) => {
      const gone = { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
      r.on("POST", PATHS.uploads, started).on("PATCH", PATHS.upload, gone).on("PUT", PATHS.upload, gone).on("GET", PATHS.upload, gone);
    },
  },
  {
    name: "wants chunks larger than any blob",
    ask: "push blob in chunks",
    arrange: (r) =>
      r
        .on("POST", PATHS.uploads, { ...started, headers: { ...started.headers, "oci-chunk-min-length": "99999999999999999999" } })
        .on("PATCH", PATHS.upload, accepted("0-0"))
        .on("PUT", PATHS.upload, { status: 400 }),
  },
  {
    name: "says that it mounted another blob",
    ask: "mount blob",
    arrange: (r) => r.on("POST", PATHS.uploads, created(OTHER_DIGEST)),
  },
  {
    name: "says that a pushed manifest has another digest",
    ask: "push manifest",
    arrange: (r) =>
      r.on("PUT", PATHS.manifest, { status: 201, headers: { location: PATHS.manifest, "docker-content-digest": OTHER_DIGEST } }),
  },
];
