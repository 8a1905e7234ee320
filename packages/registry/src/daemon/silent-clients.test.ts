import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { HttpConfig } from "../config/index.ts";
import { httpConfig } from "../testing/http-config.test-kit.ts";
import { useTls } from "../testing/tls.test-kit.ts";
import { type Listening, listen } from "./listen.ts";

async function useServer(changes: Partial<HttpConfig>): Promise<Listening> {
  const timeouts = { headersMs: 50, bodyStallMs: 60_000, keepAliveMs: 50 };
  const listening = await listen((_request, response) => response.end("hello"), httpConfig({ timeouts, ...changes }));
  onTestFinished(async () => void (await listening.drain(0)));
  return listening;
}

const BEGUN = "GET / HTTP/1.1\r\nHo";

test.each(["", BEGUN])("a client whose request does not come (%j) is told so and let go", async (sent) => {
  const socket = connect((await useServer({})).port, "127.0.0.1");
  socket.write(sent);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
});

describe.each([true, false])("over TLS (http2: %s)", (http2) => {
  test.each(["", "\x16\x03\x01\x02\x00"])("a client that does not get on with the handshake (%j) is let go", async (sent) => {
    const { port } = await useServer({ tls: await useTls(), http2 });
    const socket = connect(port, "127.0.0.1");
    socket.write(Buffer.from(sent, "latin1"));
    expect(await text(socket)).toBe("");
  });

  test("a client whose request does not come is told so and let go", async () => {
    const { port } = await useServer({ tls: await useTls(), http2 });
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.write(BEGUN);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe.each(["h2c", "tls"])("over HTTP/2 (%s)", (kind) => {
  async function useSession(): Promise<ReturnType<typeof connectHttp2>> {
    const { port } = await useServer(kind === "tls" ? { tls: await useTls() } : { h2c: true });
    const session = connectHttp2(`${kind === "tls" ? "https" : "http"}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    onTestFinished(() => session.destroy());
    return session;
  }

  test("a connection on which nothing happens is closed", async () => {
    await once(await useSession(), "close");
  });

  test("a connection carries a bounded number of requests at a time", async () => {
    const [settings] = await once(await useSession(), "remoteSettings");
    expect(settings).toMatchObject({ maxConcurrentStreams: 250 });
  });
});
