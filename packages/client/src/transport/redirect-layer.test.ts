import { Readable } from "node:stream";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { requestBody } from "./body.ts";
import { readBounded } from "./read-bounded.ts";
import { redirectLayer } from "./redirect-layer.ts";
import { type FakeTransport, failureOfCall, fakeRequest, fakeTransport } from "./testing/fake-transport.test-kit.ts";
import { composeTransport, type Transport } from "./transport.ts";
import { createUndiciTransport } from "./undici-transport.ts";

const to = (location: string, status = 307) => ({ status, headers: { location } });

function follow(base: Transport): Transport {
  return composeTransport(base, redirectLayer());
}

const urls = ({ requests }: FakeTransport): readonly string[] => requests.map((request) => request.url.href);

test("[client/N-4] a redirect is followed from the URL that answered, and the last request is told", async () => {
  const base = fakeTransport(to("../c?x=%2F", 301), to("//other.test/d", 302), { status: 200 });
  const response = await follow(base)(fakeRequest("https://reg.test/a/b", { headers: { range: "bytes=5-", accept: "x" } }));
  expect(urls(base)).toEqual(["https://reg.test/a/b", "https://reg.test/c?x=%2F", "https://other.test/d"]);
  expect(response.request.url.href).toBe("https://other.test/d");
  expect(base.requests[2]?.headers).toEqual({ range: "bytes=5-", accept: "x" });
});

test.each([
  ["https://other.test/b", false],
  ["https://reg.test:8443/b", false],
  ["https://reg.test.evil.test/b", false],
  ["https://reg.test:443/b", true],
  ["/b", true],
])("[client/B-51,A-9] after a redirect to %s the caller's credentials are kept: %s", async (location, kept) => {
  const base = fakeTransport(to(location), { status: 401 });
  const headers = { authorization: "Basic x", cookie: "c", "proxy-authorization": "p", "X-Registry-Auth": "e30=", accept: "y" };
  const response = await follow(base)(fakeRequest("https://reg.test/a", { headers }));
  expect(base.requests[1]?.headers).toEqual(kept ? headers : { accept: "y" });
  expect(response.status).toBe(401);
});

test("[client/B-51] what a Location says of a user is not used, nor the caller's host", async () => {
  const base = fakeTransport(to("https://user:secret@other.test/b"), { status: 200 });
  await follow(base)(fakeRequest("https://reg.test/a", { headers: { host: "reg.test", accept: "y" } }));
  expect([urls(base)[1], base.requests[1]?.headers]).toEqual(["https://other.test/b", { accept: "y" }]);
});

test("[client/B-51] credentials that stayed behind do not come back", async () => {
  const base = fakeTransport(to("https://other.test/"), to("https://reg.test/"), { status: 200 });
  await follow(base)(fakeRequest("https://reg.test/", { headers: { authorization: "Basic x" } }));
  expect(base.requests[2]?.headers).toEqual({});
});

test.each([
  ["https://10.0.0.5/b"],
  ["https://169.254.169.254/latest/meta-data"],
  ["https://[::1]/"],
  ["https://[::ffff:10.0.0.1]/"],
  ["https://2130706433/"],
  ["https://localhost:5000/"],
])("[client/C-10] a registry out there cannot send us to %s", async (location) => {
  const base = fakeTransport(to(location), { status: 200 });
  const error = await failureOfCall(follow(base)(fakeRequest("https://reg.test/a")));
  expect(error).toMatchObject({
    code: "ERR_PROTOCOL",
    message: expect.stringContaining("an address of this machine or of a private network"),
  });
  expect(base.requests.length).toBe(1);
});

test("[client/C-10] but one in here may, by its own name or when that is allowed", async () => {
  const own = fakeTransport(to("http://10.0.0.5:9000/b"), { status: 200 });
  await follow(own)(fakeRequest("http://10.0.0.5:5000/a"));
  const loopback = fakeTransport(to("http://localhost:9000/b"), { status: 200 });
  await follow(loopback)(fakeRequest("http://127.0.0.1:5000/a"));
  const allowed = fakeTransport(to("https://10.0.0.6/b"), { status: 200 });
  await composeTransport(allowed, redirectLayer({ allowPrivateHosts: true }))(fakeRequest("https://reg.test/a"));
  expect([own.requests.length, loopback.requests.length, allowed.requests.length]).toEqual([2, 2, 2]);
});

test("[client/N-4] HTTPS is not left unless that is allowed", async () => {
  const error = await failureOfCall(
    follow(fakeTransport(to("http://reg.test/b?sig=s")))(fakeRequest("https://reg.test/a", { operation: "fetch blob" })),
  );
  expect(error).toMatchObject({
    code: "ERR_PROTOCOL",
    message: 'Cannot fetch blob: "reg.test" redirects to "http://reg.test/b?sig=REDACTED": it would leave HTTPS',
  });
  const base = fakeTransport(to("http://reg.test/b"), { status: 200 });
  await composeTransport(base, redirectLayer({ allowDowngrade: true }))(fakeRequest("https://reg.test/a"));
  expect(base.requests.length).toBe(2);
});

test("[client/N-4] ten hops are followed, not eleven", async () => {
  const base = fakeTransport(to("/a"));
  const error = await failureOfCall(follow(base)(fakeRequest("https://reg.test/a")));
  expect(error).toMatchObject({ code: "ERR_PROTOCOL", message: expect.stringContaining("more than 10 times") });
  expect(base.requests.length).toBe(11);
  const enough = fakeTransport(...Array.from({ length: 10 }, () => to("/a")), { status: 200 });
  expect((await follow(enough)(fakeRequest("https://reg.test/a"))).status).toBe(200);
});

test.each(["POST", "PUT", "PATCH", "DELETE"].flatMap((method) => [301, 302, 303].map((status) => [method, status] as const)))(
  "[client/N-4] %s answered %i never becomes a GET",
  async (method, status) => {
    const base = fakeTransport(to("/b", status), { status: 200 });
    const error = await failureOfCall(follow(base)(fakeRequest("https://reg.test/a", { method })));
    expect(error).toMatchObject({ code: "ERR_PROTOCOL", method, message: expect.stringContaining(`answered ${status}`) });
    expect(base.requests.length).toBe(1);
  },
);

test("[client/N-4,A-12] a body is sent again when it can be, else the call fails", async () => {
  const scripted = await startScriptedRegistry();
  onTestFinished(() => scripted.close());
  scripted.on("PUT", "/a", to("/b", 308)).on("PUT", "/b", { status: 201 });
  const base = createUndiciTransport();
  onTestFinished(() => base.close());
  const send = follow(base);
  const put = (body: ReturnType<typeof requestBody>): ReturnType<Transport> =>
    send(fakeRequest(`${scripted.url}/a`, { method: "PUT", body }));
  const response = await put(requestBody("twice"));
  await readBounded(response, 10);
  expect(scripted.requests.map((request) => `${request.path} ${request.body.toString()}`)).toEqual(["/a twice", "/b twice"]);
  expect(await failureOfCall(put(requestBody(Readable.from([Buffer.from("once")]), 4)))).toMatchObject({
    code: "ERR_UNREPLAYABLE_BODY",
    cause: { code: "ERR_PROTOCOL" },
  });
});

test.each([
  [{ status: 307 }, "the Location header is missing"],
  [to("http://["), "a Location that is no URL"],
  [to("file:///etc/passwd"), "it is neither https nor http"],
])("[client/N-4] a redirect that leads nowhere is an error: %j", async (reply, message) => {
  const error = await failureOfCall(follow(fakeTransport(reply))(fakeRequest("https://reg.test/a")));
  expect(error).toMatchObject({ code: "ERR_PROTOCOL", message: expect.stringContaining(message) });
});

test("other answers of the 300s are left to the caller", async () => {
  expect((await follow(fakeTransport({ status: 304 }))(fakeRequest("https://reg.test/a"))).status).toBe(304);
});
