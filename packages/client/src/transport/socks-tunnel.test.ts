import { startScriptedRegistry, type ScriptedRegistry } from "@berth/testkit/scripted";
import { TestAuthority } from "@berth/testkit/tls";
import { expect, onTestFinished, test } from "vitest";
import { checkResponse } from "./check-response.ts";
import { failureOfCall, fakeRequest } from "./testing/fake-transport.test-kit.ts";
import { startSocksProxy } from "./testing/socks-proxy.test-kit.ts";
import { tcpServer } from "./testing/undici.test-kit.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "./undici-transport.ts";

const authority = new TestAuthority();

async function startRegistry(isSecure: boolean): Promise<ScriptedRegistry> {
  const registry = await startScriptedRegistry(isSecure ? { tls: authority.issue({ names: ["reg.test"] }) } : {});
  onTestFinished(() => registry.close());
  return registry;
}

async function get(url: string, options: UndiciTransportOptions, bulk = false): Promise<string> {
  const send = createUndiciTransport({ certsDirs: [], tls: { ca: authority.cert }, ...options });
  onTestFinished(() => send.close());
  const { body } = await send({ ...fakeRequest(url), bulk });
  return Buffer.concat(await body.toArray()).toString();
}

test.each(["http", "https"])("[client/N-9] %s goes through a SOCKS 5 proxy, which resolves the name", async (scheme) => {
  const registry = await startRegistry(scheme === "https");
  registry.on("GET", "/v2/", { body: "here" });
  for (const socks of ["socks5", "socks5h"]) {
    const proxy = await startSocksProxy(registry.host);
    expect(await get(`${scheme}://reg.test/v2/`, { proxy: { [scheme]: `${socks}://${proxy.host}` } })).toBe("here");
    expect(proxy.asked).toEqual([`reg.test:${scheme === "https" ? 443 : 80}`]);
  }
  expect(registry.requests[0]?.headers["host"]).toBe("reg.test");
});

test("[client/N-9] a large body comes through a SOCKS proxy, too, and other hosts go past it", async () => {
  const registry = await startRegistry(false);
  const large = "x".repeat(3_000_000);
  registry.on("GET", "/large", { body: large });
  const proxy = await startSocksProxy(registry.host);
  const options = { proxy: { http: `socks5://${proxy.host}`, noProxy: "straight.test" } };
  expect(await get("http://reg.test:5000/large", options, true)).toBe(large);
  expect(
    await get("http://straight.test/large", { ...options, addresses: new Map([["straight.test:80", "127.0.0.1"]]) }).catch(String),
  ).toContain("the connection was refused");
  expect(proxy.asked).toEqual(["reg.test:5000"]);
});

test("[client/N-9] a SOCKS proxy gets the credentials of its URL, and nobody else does", async () => {
  const registry = await startRegistry(false);
  registry.on("GET", "/v2/", { body: "here" });
  const proxy = await startSocksProxy(registry.host, { credentials: "me:p@ss" });
  expect(await get("http://reg.test/v2/", { proxy: { http: `socks5://me:p%40ss@${proxy.host}` } })).toBe("here");
  expect(proxy.asked).toEqual(["me:p@ss@reg.test:80"]);
  expect(registry.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
});

test("[client/N-9] a SOCKS proxy that refuses, or is not there, is named, its password is not", async () => {
  const wanting = await startSocksProxy("127.0.0.1:1", { credentials: "me:right" });
  const refusing = await startSocksProxy("127.0.0.1:1", { reply: 4 });
  const failure = async (at: string): Promise<unknown> =>
    await failureOfCall(get("https://reg.test/v2/", { proxy: { https: `socks5://${at}` } }));
  const said = (host: string, what: string): object => ({
    code: "ERR_NETWORK",
    retryable: false,
    message: expect.stringMatching(
      new RegExp(`no answer from "reg.test": the proxy "${host}" ${what}; check HTTPS_PROXY, HTTP_PROXY, NO_PROXY`),
    ),
  });
  expect(await failure(`me:wrong@${wanting.host}`)).toMatchObject(said(wanting.host, "does not take the credentials"));
  expect(await failure(wanting.host)).toMatchObject(said(wanting.host, "wants credentials: give them in its URL"));
  expect(await failure(refusing.host)).toMatchObject(said(refusing.host, "gave no connection: the host cannot be reached"));
  expect(await failure("me:wrong@127.0.0.1:1")).toMatchObject(said("127.0.0.1:1", "cannot be reached \\(ECONNREFUSED\\)"));
  const { inspect } = await import("node:util");
  expect(inspect(await failure(`me:wrong@${wanting.host}`), { depth: 20 })).not.toContain("wrong");
});

test("[client/N-8] a SOCKS proxy that takes a call and never answers is given up in time", async () => {
  const { host } = new URL(await tcpServer(() => {}));
  const error = await failureOfCall(get("http://reg.test/v2/", { proxy: { http: `socks5://${host}` }, connectTimeoutMs: 50 }));
  expect(error).toMatchObject({ code: "ERR_NETWORK", message: expect.stringContaining("did not answer in time") });
});

test("[client/N-9] what comes through a SOCKS proxy is the registry's own answer", async () => {
  const registry = await startRegistry(false);
  registry.on("GET", "/v2/", { status: 403, body: "no" });
  const proxy = await startSocksProxy(registry.host);
  const send = createUndiciTransport({ proxy: { http: `socks5://${proxy.host}` } });
  onTestFinished(() => send.close());
  const refusal = await failureOfCall(send(fakeRequest("http://reg.test/v2/")).then((response) => checkResponse(response, [200])));
  expect(refusal).toMatchObject({
    message: expect.stringContaining(
      `"reg.test" through proxy "socks5://${proxy.host}" answered 403 Forbidden: "no"; the credentials do not suffice`,
    ),
  });
});

test.each([
  ["10.1.2.3", "10.1.2.3:80"],
  ["[2001:db8::1:0]:5000", "2001:0db8:0000:0000:0000:0000:0001:0000:5000"],
  ["[1:2:3:4:5:6:7:8]", "0001:0002:0003:0004:0005:0006:0007:0008:80"],
  ["[fd00::]", "fd00:0000:0000:0000:0000:0000:0000:0000:80"],
])("[client/N-9] %s is asked for from a SOCKS proxy as an address", async (host, asked) => {
  const registry = await startRegistry(false);
  registry.on("GET", "/v2/", { body: "here" });
  const proxy = await startSocksProxy(registry.host);
  expect(await get(`http://${host}/v2/`, { proxy: { http: `socks5://${proxy.host}` } })).toBe("here");
  expect(proxy.asked).toEqual([asked]);
});

const HTTP_OK = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");

test.each([
  ["a name", [3, 4, ...Buffer.from("here"), 0, 80]],
  ["an address of version 6", [4, ...Buffer.alloc(16), 0, 80]],
])("[client/N-9] a SOCKS proxy may say by %s where it connects from, byte by byte, and what follows is the answer's", async (_, from) => {
  const { host } = new URL(
    await tcpServer((socket) => {
      socket.setNoDelay();
      const bytes = [...Buffer.from([5, 0, 5, 0, 0, ...from]), ...HTTP_OK].values();
      const next = (): void => {
        const { value, done } = bytes.next();
        if (!done) socket.write(Buffer.from([value]), () => setImmediate(next));
      };
      next();
    }),
  );
  expect(await get("http://reg.test/v2/", { proxy: { http: `socks5://${host}` } })).toBe("ok");
});

test.each<[string, number[], string]>([
  ["is none", [...Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")], "does not speak SOCKS 5"],
  ["ends the connection", [5], "ended the connection"],
  ["wants what was not offered", [5, 1], "wants credentials: give them in its URL"],
  ["fails in a way that has no name", [5, 0, 5, 77, 0, 1, 0, 0, 0, 0, 0, 0], "gave no connection: it failed (77)"],
])("[client/N-9] a SOCKS proxy that %s is told so", async (_, bytes, message) => {
  const { host } = new URL(await tcpServer((socket) => socket.end(Buffer.from(bytes))));
  const error = await failureOfCall(get("http://reg.test/v2/", { proxy: { http: `socks5://${host}` } }));
  expect(error).toMatchObject({
    code: "ERR_NETWORK",
    message: expect.stringContaining(`the proxy "${host}" ${message}; check HTTPS_PROXY`),
  });
});

test("[client/N-9] a connection that a SOCKS proxy resets, and a password that it cannot be told, are its failures", async () => {
  const { host } = new URL(await tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy())));
  const failure = async (at: string): Promise<string> =>
    String(await failureOfCall(get("http://reg.test/v2/", { proxy: { http: `socks5://${at}` } })));
  expect(await failure(host)).toContain(`the proxy "${host}" broke off (ECONNRESET)`);
  const wanting = await startSocksProxy("127.0.0.1:1", { credentials: "me:right" });
  expect(await failure(`me:${"x".repeat(256)}@${wanting.host}`)).toContain("takes no name and no credentials of more than 255 bytes");
});
