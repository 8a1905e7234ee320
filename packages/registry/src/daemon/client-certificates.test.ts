import { request } from "node:https";
import { connect as connectHttp2 } from "node:http2";
import { type KeyPair, TestAuthority } from "@berth/testkit/tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ClientAuth } from "../config/index.ts";
import { httpConfig } from "../testing/http-config.test-kit.ts";
import { useTls } from "../testing/tls.test-kit.ts";
import { listen } from "./listen.ts";

const authority = new TestAuthority();
const known = authority.issue({ commonName: "alice" });
const stranger = new TestAuthority().issue({ commonName: "mallory" });
const CLIENTS = { nobody: undefined, known, stranger } as const;

/** Who is answered under each mode. */
const MODES: readonly (readonly [ClientAuth, readonly (keyof typeof CLIENTS)[]])[] = [
  ["request-client-cert", ["nobody", "known", "stranger"]],
  ["require-any-client-cert", ["known", "stranger"]],
  ["verify-client-cert-if-given", ["nobody", "known"]],
  ["require-and-verify-client-cert", ["known"]],
];

async function useServer(clientAuth: ClientAuth): Promise<number> {
  const clientCas = [(await useTls({ ...authority.issue(), cert: authority.cert })).certificate];
  const listening = await listen(
    (_request, response) => response.end("hello"),
    httpConfig({ tls: await useTls(undefined, { clientCas, clientAuth }) }),
  );
  onTestFinished(async () => void (await listening.drain(0)));
  return listening.port;
}

function identity(client: KeyPair | undefined): { readonly cert?: string; readonly key?: string } {
  return client === undefined ? {} : { cert: client.cert, key: client.key };
}

async function overHttp1(port: number, client: KeyPair | undefined, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<boolean> {
  return await new Promise((resolve) => {
    request({ host: "127.0.0.1", port, rejectUnauthorized: false, agent: false, maxVersion, ...identity(client) }, (response) => {
      response.resume().once("end", () => resolve(true));
    })
      .once("error", () => resolve(false))
      .end();
  });
}

async function overHttp2(port: number, client: KeyPair | undefined): Promise<boolean> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...identity(client) });
  try {
    return await new Promise((resolve) => {
      session.once("error", () => resolve(false)).once("close", () => resolve(false));
      const stream = session.request({ ":path": "/" });
      stream.once("response", () => resolve(true)).once("error", () => resolve(false));
      stream.resume().end();
    });
  } finally {
    session.destroy();
  }
}

describe.each(MODES)("clientauth %s", (mode, answered) => {
  test.each(Object.entries(CLIENTS))("[server/G10] a client with the certificate of %s", async (name, client) => {
    const port = await useServer(mode);
    const expected = answered.some((one) => one === name);
    expect(await overHttp1(port, client, "TLSv1.3")).toBe(expected);
    expect(await overHttp1(port, client, "TLSv1.2")).toBe(expected);
    expect(await overHttp2(port, client)).toBe(expected);
  });
});
