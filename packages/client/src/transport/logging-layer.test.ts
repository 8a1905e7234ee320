import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { requestBody } from "./body.ts";
import { loggingLayer } from "./logging-layer.ts";
import { readBounded } from "./read-bounded.ts";
import { redactUrl } from "./redact.ts";
import { type FakeReply, failureOfCall, fakeRequest, fakeTransport } from "./testing/fake-transport.test-kit.ts";
import { composeTransport, type TransportRequest } from "./transport.ts";

interface Logged {
  readonly log: string;
  readonly body: string;
  readonly sent: TransportRequest | undefined;
}

async function logged(reply: FakeReply, request: TransportRequest = fakeRequest("https://reg.test/v2/")): Promise<Logged> {
  const lines: string[] = [];
  const base = fakeTransport(reply);
  const response = await composeTransport(base, loggingLayer({ write: (line) => lines.push(line) }))(request);
  const body = (await readBounded(response, 1 << 20)).toString();
  return { log: lines.join("\n").replace(/\d+\.\d ms/g, "T ms"), body, sent: base.requests[0] };
}

test("[client/C-14] requests and answers are dumped with the time between them; secrets are replaced there, not on the wire", async () => {
  const request = fakeRequest("https://me:pw@reg.test/v2/a/blobs/uploads/1?_state=s1&digest=sha256%3Aab", {
    method: "PUT",
    operation: "push blob",
    headers: {
      authorization: "Bearer t0ken",
      "proxy-authorization": "Basic cGFzcw==",
      cookie: "c=1",
      "content-type": "application/octet-stream",
    },
    body: requestBody("bytes"),
  });
  const headers = {
    "set-cookie": ["a=1", "b=2"],
    location: "/v2/x?X-Amz-Signature=s2&n=5",
    link: '</v2/_catalog?last=a&sig=s3>; rel="next"',
  };
  const { log, sent } = await logged({ status: 202, headers }, request);
  expect(log).toBe(`--> PUT https://reg.test/v2/a/blobs/uploads/1?_state=REDACTED&digest=sha256%3Aab (push blob)
authorization: Bearer REDACTED
proxy-authorization: Basic REDACTED
cookie: REDACTED
content-type: application/octet-stream

[body omitted: 5 bytes of application/octet-stream]

<-- 202 PUT https://reg.test/v2/a/blobs/uploads/1?_state=REDACTED&digest=sha256%3Aab (T ms)
set-cookie: REDACTED
set-cookie: REDACTED
location: /v2/x?X-Amz-Signature=REDACTED&n=5
link: </v2/_catalog?last=a&sig=REDACTED>; rel="next"

[body omitted: binary content of type unknown]
`);
  expect(sent).toBe(request);
});

test.each([
  ["X-Registry-Auth", "REDACTED"],
  ["x-registry-config", "REDACTED"],
  ["Private-Token", "REDACTED"],
  ["x-amz-security-token", "REDACTED"],
  ["X-Client-Secret", "REDACTED"],
  ["x-passwd", "REDACTED"],
  ["X-Password", "REDACTED"],
  ["Set-Cookie2", "REDACTED"],
  ["X-API-Key", "REDACTED"],
  ["apikey", "REDACTED"],
  ["X-Forwarded-Authorization", "Basic REDACTED"],
  ["www-authenticate", "Basic s3cret"],
  ["Proxy-Authenticate", "Basic s3cret"],
  ["docker-distribution-api-version", "Basic s3cret"],
])("[client/C-14] the header %s stands in the log as %s", async (name, shown) => {
  const whole = shown === "REDACTED" ? "s3cret" : "Basic s3cret";
  const request = fakeRequest("https://reg.test/v2/", { headers: { [name]: whole } });
  const { log, sent } = await logged({ headers: { [name.toLowerCase()]: whole } }, request);
  expect(log).toContain(`\n${name}: ${shown}\n`);
  expect(log).toContain(`\n${name.toLowerCase()}: ${shown}\n`);
  expect(sent?.headers[name]).toBe(whole);
});

const json = (body: string): FakeReply => ({
  headers: { "content-type": "application/json; charset=utf-8", "content-length": String(body.length) },
  body,
});

test("[client/C-14] short texts are shown and still there for the reader; token replies are not shown", async () => {
  const shown = await logged(json('{"tags":["a"]}'));
  expect([shown.log.endsWith('\n\n{"tags":["a"]}\n'), shown.body]).toEqual([true, '{"tags":["a"]}']);
  for (const field of ["token", "access_token", "refresh_token"]) {
    const reply = `{"${field}" : "s3cret"}`;
    const hidden = await logged(json(reply));
    expect(hidden.log).toContain("[body omitted: it holds a token]");
    expect(hidden.log).not.toContain("s3cret");
    expect(hidden.body).toBe(reply);
  }
  const password = await logged(json('{"password":"s3\\"cret","x":1}'));
  expect(password.log).toContain('{"password":"REDACTED","x":1}');
});

test("[client/C-14] long, endless and binary bodies are left out with the reason, unread", async () => {
  expect((await logged({ headers: { "content-type": "text/plain" }, body: "abc" })).log).toContain(
    "[body omitted: its length is not known]",
  );
  expect((await logged({ headers: { "content-type": "text/plain", "content-length": "70000" }, body: "abc" })).log).toContain(
    "[body omitted: 70000 bytes are too long]",
  );
  const blob = await logged({ headers: { "content-type": "application/octet-stream", "content-length": "3" }, body: "abc" });
  expect([blob.log.endsWith("[body omitted: binary content of type application/octet-stream]\n"), blob.body]).toEqual([true, "abc"]);
});

test("[client/C-14] manifests that are sent are shown, forms are not", async () => {
  const sending = (type: string, text: string): TransportRequest =>
    fakeRequest("https://reg.test/", { method: "POST", headers: { "content-type": type }, body: requestBody(text) });
  expect((await logged({}, sending("application/vnd.oci.image.manifest.v1+json", '{"schemaVersion":2}'))).log).toContain(
    '{"schemaVersion":2}',
  );
  const form = await logged({}, sending("application/x-www-form-urlencoded", "grant_type=password&password=s3cret"));
  expect(form.log).toContain("[body omitted: a form may hold a password]");
  expect(form.log).not.toContain("s3cret");
});

test("[client/C-14] failures are logged and passed on, also those of a body", async () => {
  const lines: string[] = [];
  const failed = new Error("cut");
  const layer = loggingLayer({ write: (line) => lines.push(line) });
  expect(await failureOfCall(composeTransport(fakeTransport({ error: failed }), layer)(fakeRequest("https://reg.test/")))).toBe(failed);
  expect(lines.at(-1)).toContain("<-- Error: cut GET https://reg.test/");
  const broken = new Readable({ read: () => void broken.destroy(failed) });
  const headers = { "content-type": "text/plain", "content-length": "9" };
  const response = await composeTransport(fakeTransport({ headers, body: broken }), layer)(fakeRequest("https://reg.test/"));
  expect(await failureOfCall(readBounded(response, 9))).toBe(failed);
});

test("[client/C-14] nothing is made while the log is off", async () => {
  const base = fakeTransport(json("{}"));
  const request = fakeRequest("https://reg.test/");
  const send = composeTransport(base, loggingLayer({ enabled: () => false, write: () => expect.unreachable("it wrote") }));
  const response = await send(request);
  expect([response.body === base.bodies[0], base.requests[0] === request]).toEqual([true, true]);
});

test.each([
  ["https://u:p@h.test/a?x=1#f", "https://h.test/a?x=REDACTED"],
  ["https://h.test/t?service=s&scope=repository:a:pull&account=me", "https://h.test/t?service=s&scope=repository:a:pull&account=REDACTED"],
  ["https://h.test/b?mount=m&from=f&digest=d&n=1&last=l", "https://h.test/b?mount=m&from=f&digest=d&n=1&last=l"],
  ["/v2/x?_state=s", "/v2/x?_state=REDACTED"],
  ["https://h.test/?justasecret", "https://h.test/?REDACTED"],
  ["https://h.test/a?", "https://h.test/a"],
])("[client/C-14,A-6] %s is shown as %s", (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});
