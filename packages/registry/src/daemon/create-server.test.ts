import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { digestOf } from "@berth/oci/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRegistry } from "../create-registry.ts";
import { useListening } from "../testing/http-config.test-kit.ts";

async function useH2c(): Promise<number> {
  const registry = await createRegistry();
  onTestFinished(() => registry.close());
  return (await useListening(registry, { h2c: true })).port;
}

describe("a server with h2c", () => {
  test("[server/G9] still serves HTTP/1 on the same port, large bodies and connections that go on included", async () => {
    const base = `http://127.0.0.1:${await useH2c()}`;
    const content = randomBytes(300_000);
    const digest = digestOf(content);
    const pushed = await fetch(`${base}/v2/a/blobs/uploads/?digest=${digest}`, { method: "POST", body: content });
    expect(pushed.status).toBe(201);
    const pulled = await fetch(`${base}/v2/a/blobs/${digest}`);
    expect(Buffer.from(await pulled.arrayBuffer()).equals(content)).toBe(true);
  });

  test("[server/G9] waits for enough bytes to tell the protocols apart", async () => {
    const socket = connect(await useH2c(), "127.0.0.1");
    await once(socket, "connect");
    for (const part of ["P", "U", "T /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]) {
      socket.write(part);
      await turn();
    }
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 405 /);
  });

  test("[server/L4] answers what is not HTTP with a short error in JSON", async () => {
    const socket = connect(await useH2c(), "127.0.0.1");
    socket.write("what is this\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*"UNSUPPORTED"/);
  });
});
