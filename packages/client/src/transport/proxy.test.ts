import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { TestAuthority } from "@berth/testkit/tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { tokenRefusal } from "../auth/token-refusal.ts";
import { checkResponse } from "./check-response.ts";
import { drain } from "./drain.ts";
import { loggingLayer } from "./logging-layer.ts";
import { parseNoProxy } from "./no-proxy.ts";
import { createProxySelector, proxyFromEnvironment } from "./proxy.ts";
import { retryLayer } from "./retry-layer.ts";
import { fakeClock } from "./testing/fake-clock.test-kit.ts";
import { failureOfCall, fakeRequest } from "./testing/fake-transport.test-kit.ts";
import { tcpServer } from "./testing/undici.test-kit.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "./undici-transport.ts";

const authority = new TestAuthority();

interface Proxy {
  readonly host: string;
  /** What it was asked for, with the credentials. */
  readonly asked: string[];
}

/** A proxy that brings everybody to `target`, whatever host was named: tests have no DNS. */
async function startProxy(target: string, refuse?: string, tls = false): Promise<Proxy> {
  const asked: string[] = [];
  const [hostname, port] = target.split(":");
  const proxy: Server = tls ? createHttpsServer(authority.issue()) : createServer();
  proxy.on("request", (message, response) => {
    asked.push(`${message.method} ${message.url} ${message.headers["proxy-authorization"] ?? "-"} ${message.headers.host}`);
    response.end("from the proxy");
  });
  proxy.on("connect", (message, socket) => {
    asked.push(`CONNECT ${message.url} ${message.headers["proxy-authorization"] ?? "-"}`);
    socket.on("error", () => {});
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse}\r\n\r\n`);
      return;
    }
    const through = connect(Number(port), hostname, () => socket.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    through.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("close", () => through.destroy());
    through.pipe(socket).pipe(through);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return { host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}

async function get(url: string, options: UndiciTransportOptions): Promise<number> {
  const send = createUndiciTransport({ certsDirs: [], tls: { ca: authority.cert }, ...options });
  onTestFinished(() => send.close());
  const response = await send(fakeRequest(url));
  await drain(response);
  return response.status;
}

test.each(["http", "https"])("[client/N-9] https goes through a tunnel of an %s proxy, TLS to the registry itself", async (scheme) => {
  const registry = await startScriptedRegistry({ tls: authority.issue({ names: ["reg.test"] }) });
  onTestFinished(() => registry.close());
  registry.on("GET", "/v2/", { status: 200 });
  const proxy = await startProxy(registry.host, undefined, scheme === "https");
  expect(await get("https://reg.test/v2/", { proxy: { https: `${scheme}://me:p%40ss@${proxy.host}` } })).toBe(200);
  expect(proxy.asked).toEqual([`CONNECT reg.test:443 Basic ${Buffer.from("me:p@ss").toString("base64")}`]);
  expect(registry.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
});

test("[client/N-9] http is asked from the proxy by its whole address", async () => {
  const proxy = await startProxy("127.0.0.1:1");
  expect(await get("http://reg.test:5000/v2/?n=1", { proxy: { http: proxy.host } })).toBe(200);
  expect(proxy.asked).toEqual(["GET http://reg.test:5000/v2/?n=1 - reg.test:5000"]);
});

test("[client/N-9] a proxy that refuses or is not there is named, its password is not", async () => {
  const proxy = await startProxy("127.0.0.1:1", "407 Proxy Authentication Required");
  const refused = await failureOfCall(get("https://reg.test/v2/", { proxy: { https: `http://me:secret@${proxy.host}` } }));
  expect(refused).toMatchObject({
    code: "ERR_NETWORK",
    retryable: false,
    message: `Cannot send GET request: no answer from "reg.test": the proxy "${proxy.host}" answered 407 Proxy Authentication Required; check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and the proxy's credentials`,
  });
  const gone = await failureOfCall(get("https://reg.test/v2/", { proxy: { https: "http://127.0.0.1:1" } }));
  expect(gone).toMatchObject({ message: expect.stringContaining('the proxy "127.0.0.1:1" cannot be reached (ECONNREFUSED)') });
});

test("[client/N-9] for plain HTTP, too, a proxy that is not there is named, not the registry", async () => {
  const gone = await failureOfCall(get("http://reg.test/v2/", { proxy: { http: "http://me:secret@127.0.0.1:1" } }));
  expect(gone).toMatchObject({
    code: "ERR_NETWORK",
    message: expect.stringMatching(/^[^;]*: the proxy "127\.0\.0\.1:1" cannot be reached \(ECONNREFUSED\); check HTTPS_PROXY, HTTP_PROXY/),
  });
  const secure = await startProxy("127.0.0.1:1", undefined, true);
  const untrusted = await failureOfCall(get("http://reg.test/v2/", { proxy: { http: `https://${secure.host}` }, tls: {} }));
  expect(untrusted).toMatchObject({ message: expect.stringContaining(`the proxy "${secure.host}" cannot be reached (UNABLE_TO_VERIFY`) });
});

/** A proxy for plain HTTP that answers everything itself. */
async function answeringProxy(status: number, headers: Record<string, string> = {}, body = ""): Promise<string> {
  const proxy = await startScriptedRegistry();
  onTestFinished(() => proxy.close());
  proxy.on("GET", /./, { status, headers, body });
  return proxy.host;
}

async function refusedBy(proxy: string): Promise<unknown> {
  const send = createUndiciTransport({ proxy: { http: `http://me:secret@${proxy}` } });
  onTestFinished(() => send.close());
  return await failureOfCall(send(fakeRequest("http://reg.test/v2/a/tags/list")).then((response) => checkResponse(response, [200])));
}

test("[client/N-9] what a proxy for plain HTTP answers is told as come through it, and 407 as its own", async () => {
  const own = await answeringProxy(407);
  expect(await refusedBy(own)).toMatchObject({
    message: `Cannot send GET request: the proxy "${own}" answered 407 Proxy Authentication Required; the proxy wants credentials: give them in its URL`,
    proxy: own,
  });
  const asking = await answeringProxy(401, { "proxy-authenticate": "Basic realm=p", "content-type": "text/html" }, "<html>no</html>");
  expect(await refusedBy(asking)).toMatchObject({
    message: `Cannot send GET request: the proxy "${asking}" answered 401 Unauthorized; the proxy wants credentials: give them in its URL`,
    fromProxy: true,
  });
  const either = await answeringProxy(401, { "proxy-authenticate": "Basic realm=p", "www-authenticate": "Basic realm=r" });
  expect(await refusedBy(either)).toMatchObject({
    message: expect.stringContaining(`"reg.test" through proxy "${either}"`),
    fromProxy: false,
  });
  const page = await answeringProxy(403, { "content-type": "text/html" }, "<html>no</html>");
  expect(await refusedBy(page)).toMatchObject({
    message: expect.stringMatching(
      new RegExp(
        `^Cannot [^"]*"reg.test" through proxy "${page}" answered 403 [^;]*; perhaps the proxy refuses it: check HTTP_PROXY and NO_PROXY$`,
      ),
    ),
  });
  const denied = '{"errors":[{"code":"DENIED","message":"no"}]}';
  expect(await refusedBy(await answeringProxy(403, {}, denied))).toMatchObject({
    message: expect.stringContaining("; the credentials do not suffice"),
  });
  const v2 = await answeringProxy(403, { "docker-distribution-api-version": "registry/2.0" });
  expect(await refusedBy(v2)).toMatchObject({ message: expect.stringContaining("; the credentials do not suffice") });
});

test.each([
  [407, {}],
  [401, { "proxy-authenticate": "Basic realm=p" }],
])("[client/N-9] a proxy that answers %d in place of a token server is not taken for it", async (status, headers) => {
  const own = await answeringProxy(status, headers);
  const send = createUndiciTransport({ proxy: { http: own } });
  onTestFinished(() => send.close());
  expect(await tokenRefusal(await send(fakeRequest("http://auth.test/token")), "get token")).toMatchObject({
    message: `Cannot get token: the proxy "${own}" answered ${status}; the proxy wants credentials: give them in its URL`,
    fault: "server",
  });
});

test("[client/N-9] an answer that never comes through a proxy, or breaks off, names it too", async () => {
  const proxy = await startScriptedRegistry();
  onTestFinished(() => proxy.close());
  proxy.on("GET", /never/, { cutAfter: -1 }).on("GET", /half/, { body: "0123456789", cutAfter: 3 });
  const send = createUndiciTransport({ proxy: { http: proxy.host } });
  onTestFinished(() => send.close());
  const by = `"reg.test" through proxy "${proxy.host}"`;
  expect(String(await failureOfCall(send(fakeRequest("http://reg.test/never"))))).toContain(`no answer from ${by}: `);
  const { body } = await send(fakeRequest("http://reg.test/half"));
  expect(String(await failureOfCall(body.toArray()))).toContain(`the answer from ${by} broke off: `);
});

test.each(["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"])(
  "[client/N-9] a tunnel refused with %s may be had later",
  async (refusal) => {
    const proxy = await startProxy("127.0.0.1:1", refusal);
    const send = createUndiciTransport({ proxy: { https: `http://${proxy.host}` } });
    onTestFinished(() => send.close());
    const clock = fakeClock();
    const error = await failureOfCall(retryLayer({ clock, policy: { maxRetries: 2 } })(send)(fakeRequest("https://reg.test/v2/")));
    expect(error).toMatchObject({
      code: "ERR_NETWORK",
      retryable: true,
      attempts: 3,
      proxy: proxy.host,
      message: expect.stringContaining(
        `no answer from "reg.test": the proxy "${proxy.host}" answered ${refusal}; try again later, or check HTTPS_PROXY`,
      ),
    });
    expect(proxy.asked).toHaveLength(3);
  },
);

test("[client/N-9] a log says which proxy a request goes through, by tunnel and without, and no password", async () => {
  const registry = await startScriptedRegistry({ tls: authority.issue({ names: ["reg.test"] }) });
  onTestFinished(() => registry.close());
  registry.on("GET", "/v2/", {});
  const proxy = await startProxy(registry.host);
  const at = `http://me:secret@${proxy.host}`;
  const send = createUndiciTransport({ certsDirs: [], tls: { ca: authority.cert }, proxy: { http: at, https: at, noProxy: "127.0.0.1" } });
  onTestFinished(() => send.close());
  const written: string[] = [];
  const logged = loggingLayer({ write: (message) => void written.push(message) })(send);
  for (const url of ["http://reg.test/v2/", "https://reg.test/v2/"]) await drain(await logged(fakeRequest(url)));
  await failureOfCall(logged(fakeRequest("https://127.0.0.1:1/v2/")));
  await registry.close();
  await failureOfCall(logged(fakeRequest("https://gone.test/v2/")));
  const answers = written.filter((line) => line.startsWith("<-- "));
  expect(answers.map((line) => line.includes(`, through proxy "${proxy.host}")`))).toEqual([true, true, false, true]);
  expect(written.join("")).not.toContain("secret");
});

test("[client/N-9] a percent sign in a proxy's password may stand for itself", async () => {
  const proxy = await startProxy("127.0.0.1:1");
  expect(await get("http://reg.test/v2/", { proxy: { http: `http://me:100%25%of@${proxy.host}` } })).toBe(200);
  expect(proxy.asked).toEqual([`GET http://reg.test/v2/ Basic ${Buffer.from("me:100%%of").toString("base64")} reg.test`]);
});

test("[client/N-8] a proxy that takes a call and never answers is given up in time", async () => {
  const { host } = new URL(await tcpServer(() => {}));
  const error = await failureOfCall(get("https://reg.test/v2/", { proxy: { https: `http://${host}` }, connectTimeoutMs: 50 }));
  expect(error).toMatchObject({ code: "ERR_NETWORK", message: expect.stringContaining(`the proxy "${host}" did not answer in time`) });
});

test("[client/N-9] the environment is read in upper and lower case, and HTTP_PROXY not within CGI", () => {
  expect(proxyFromEnvironment({ HTTP_PROXY: "a", https_proxy: "b", no_proxy: "c", NO_PROXY: "" })).toEqual({
    http: "a",
    https: "b",
    noProxy: "c",
  });
  expect(proxyFromEnvironment({ HTTPS_PROXY: "A", https_proxy: "b" })).toEqual({ https: "A" });
  expect(proxyFromEnvironment({ HTTP_PROXY: "a", REQUEST_METHOD: "GET" })).toEqual({});
});

test("[client/N-9] a transport that is told nothing of proxies asks the environment", async () => {
  const proxy = await startProxy("127.0.0.1:1");
  for (const name of ["http_proxy", "no_proxy", "NO_PROXY", "REQUEST_METHOD"]) vi.stubEnv(name, undefined);
  vi.stubEnv("HTTP_PROXY", `http://${proxy.host}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await get("http://reg.test:5000/v2/", {})).toBe(200);
  expect(proxy.asked).toEqual(["GET http://reg.test:5000/v2/ - reg.test:5000"]);
  await expect(get("http://reg.test:1/v2/", { proxy: false, addresses: new Map([["reg.test:1", "127.0.0.1"]]) })).rejects.toThrow();
  expect(proxy.asked).toHaveLength(1);
});

test.each([
  ["https://reg.test/", "http://s.test:2"],
  ["http://reg.test/", "http://p.test:1"],
  ["https://localhost/", undefined],
  ["https://127.9.9.9/", undefined],
  ["https://[::1]:5000/", undefined],
  ["https://in.corp.test/", undefined],
])("[client/N-9] %s goes through %s", (url, proxy) => {
  const select = createProxySelector({ http: "p.test:1", https: "http://s.test:2", noProxy: "corp.test" });
  expect(select(new URL(url))?.origin).toBe(proxy);
});

test("[client/N-9] https without HTTPS_PROXY goes straight; addresses that are none are refused", () => {
  expect(createProxySelector({ http: "p.test" })(new URL("https://reg.test/"))).toBeUndefined();
  expect(() => createProxySelector({ https: "socks4://p.test" })).toThrow(
    'Cannot use proxy "p.test": expected the scheme http, https, socks5 or socks5h, got "socks4"',
  );
  expect(() => createProxySelector({ https: "http://" })).toThrow("Cannot use proxy: its address is no URL; in a password, #");
});

// The table of golang.org/x/net/http/httpproxy, NO_PROXY entry by entry.
test.each([
  ["foo.test", "foo.test", 80, true],
  ["foo.test", "a.foo.test", 80, true],
  ["foo.test", "afoo.test", 80, false],
  [".foo.test", "foo.test", 80, false],
  [".foo.test", "a.foo.test", 80, true],
  ["*.foo.test", "foo.test", 80, false],
  ["*.foo.test", "a.b.foo.test", 80, true],
  ["FOO.test", "foo.TEST", 80, true],
  ["foo.test:443", "foo.test", 443, true],
  ["foo.test:443", "foo.test", 80, false],
  [" a.test , foo.test", "foo.test", 80, true],
  ["a.test foo.test", "foo.test", 80, false],
  ["192.168.1.1", "192.168.1.1", 80, true],
  ["192.168.1.1:81", "192.168.1.1", 80, false],
  ["192.168.1.1:80", "192.168.1.1", 80, true],
  ["192.168.1.1", "1.192.168.1.1", 80, false],
  ["10.0.0.0/8", "10.255.1.2", 80, true],
  ["10.0.0.0/8", "11.0.0.1", 80, false],
  ["10.0.0.0/33", "10.0.0.1", 80, false],
  ["2001:db8::/32", "[2001:db8::1]", 80, true],
  ["2001:db8::52:0:1", "[2001:db8::52:0:1]", 80, true],
  ["[2001:db8::52:0:1]:443", "[2001:db8::52:0:1]", 80, false],
  ["10.0.0.1", "[::ffff:10.0.0.1]", 80, true],
  ["b\u00fccher.test", "xn--bcher-kva.test", 80, true],
  ["*", "anything.test", 80, true],
  ["a.test,*", "anything.test", 80, true],
  ["", "foo.test", 80, false],
  [":80", "foo.test", 80, false],
  [",,", "foo.test", 80, false],
])("[client/N-9] NO_PROXY=%j lets %s:%i go straight: %s", (value, hostname, port, straight) => {
  expect(parseNoProxy(value)(hostname, port)).toBe(straight);
});
