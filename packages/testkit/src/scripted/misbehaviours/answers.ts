import { endless, type Misbehaviour, manifestReply, PATHS } from "./misbehaviour.ts";

const json = { "content-type": "application/json" };
const html = { "content-type": "text/html" };
/** Text that would paint on a terminal. */
const PAINT = "\u001b[31mgo to \u001b]8;;http://evil.test\u0007here\u001b]8;;\u0007\r\n\u202e";

/** Failures told badly, told for ever, or not told at all. */
export const ANSWER_MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    name: "is always too busy, and asks to come at once",
    ask: "resolve tag",
    arrange: (r) => r.on("HEAD", PATHS.tag, { status: 429, headers: { "retry-after": "0" } }),
  },
  {
    name: "is too busy for a day",
    ask: "resolve tag",
    arrange: (r) => r.on("HEAD", PATHS.tag, { status: 429, headers: { "retry-after": "86400" } }),
  },
  {
    name: "is too busy until a time that is none",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, { status: 429, headers: { "retry-after": "880.092us" } }),
  },
  { name: "is always out of order", ask: "fetch manifest by tag", arrange: (r) => r.on("GET", PATHS.tag, { status: 503 }) },
  {
    name: "fails with an error body without end",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, () => ({ status: 400, headers: json, body: endless('{"errors":[') })),
  },
  {
    name: "fails at a push with an error body without end",
    ask: "push manifest",
    arrange: (r) => r.on("PUT", PATHS.manifest, () => ({ status: 400, headers: json, body: endless('{"errors":[') })),
  },
  {
    name: "fails with a page for people",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, { status: 404, headers: html, body: `<html>${"nothing here ".repeat(100_000)}</html>` }),
  },
  {
    name: "paints on terminals in its errors",
    ask: "fetch manifest by tag",
    arrange: (r) =>
      r.on("GET", PATHS.tag, {
        status: 400,
        headers: json,
        body: JSON.stringify({ errors: [{ code: PAINT, message: PAINT, detail: PAINT }] }),
      }),
  },
  {
    name: "has a status that nobody knows",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, { status: 799, body: "?" }),
  },
  {
    name: "answers a ping with a page for people that is not found",
    ask: "ping",
    arrange: (r) => r.on("GET", /./, { status: 404, headers: html, body: "<html></html>" }),
  },
  {
    name: "serves a page for people in place of a manifest",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, { headers: html, body: "<html>Please log in</html>" }),
  },
  {
    name: "serves a page for people in place of a manifest's head",
    ask: "resolve tag",
    arrange: (r) => r.on("HEAD", PATHS.tag, { headers: html }).on("GET", PATHS.tag, { headers: html, body: "<html>Please log in</html>" }),
  },
  {
    name: "serves a manifest without end",
    ask: "fetch manifest by tag",
    arrange: (r) => r.on("GET", PATHS.tag, () => manifestReply({ body: endless("{") })),
  },
  {
    name: "says that it deleted and did something else",
    ask: "delete manifest",
    arrange: (r) => r.on("DELETE", PATHS.manifest, { status: 405, headers: json, body: '{"errors":[{"code":"UNSUPPORTED"}]}' }),
  },
  {
    name: "drops every connection",
    ask: "resolve tag",
    arrange: (r) => r.on("HEAD", /./, { cutAfter: -1 }).on("GET", /./, { cutAfter: -1 }),
  },
  { name: "never answers", ask: "resolve tag", silent: true, arrange: (r) => r.on("HEAD", /./, { hang: true }) },
  {
    name: "stops in the middle of a blob and keeps the line open",
    ask: "fetch blob",
    silent: true,
    arrange: (r) => r.on("GET", PATHS.blob, () => ({ headers: { "content-type": "application/octet-stream" }, body: silence() })),
  },
  {
    name: "stops in the middle of a manifest and keeps the line open",
    ask: "fetch manifest by tag",
    silent: true,
    arrange: (r) => r.on("GET", PATHS.tag, () => manifestReply({ body: silence() })),
  },
];

/** Three bytes and then nothing more, until the connection ends. */
async function* silence(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("the");
  await new Promise(() => undefined);
}
