import { digestOf } from "@berth/oci/node";
import { type ScriptedRegistry, type ScriptedReply, startScriptedRegistry } from "@berth/testkit/scripted";
import { onTestFinished } from "vitest";
import { createRegistryClient } from "./create-registry-client.ts";
import type { RegistryClientOptions } from "./options.ts";
import type { RegistryClient } from "./registry-client.ts";
import { quiet } from "./registry-log.ts";

/** A blob. */
export const BLOB: Buffer = Buffer.from("some content");
/** Its digest. */
export const DIGEST: ReturnType<typeof digestOf> = digestOf(BLOB);
/** A digest of something else. */
export const OTHER: ReturnType<typeof digestOf> = digestOf("other");

/** Starts a scripted registry for one test. */
export async function startRegistry(): Promise<ScriptedRegistry> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  return registry;
}

/** A client that says nothing. `path` stands before `/v2/`. */
export function clientOf(registry: ScriptedRegistry, options: RegistryClientOptions = {}, path = ""): RegistryClient {
  const { pingFirst: _, ...rest } = options;
  return createRegistryClient(`${registry.url}${path}`, { log: quiet, ...rest });
}

/** An answer of JSON. */
export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): ScriptedReply {
  return { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** The `Authorization` of a user. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** Makes a registry ask for tokens at a path, and answer in turn those who have one. */
export function useTokens(registry: ScriptedRegistry, path: RegExp, ...answers: readonly ScriptedReply[]): void {
  const challenge = { "www-authenticate": `Bearer realm="${registry.url}/token",service="s",scope="repository:a:pull,push"` };
  let used = 0;
  registry.on("GET", "/token", json({ token: "T" })).on("GET", path, (request) => {
    if (request.headers["authorization"] !== "Bearer T") return { status: 401, headers: challenge };
    return answers[Math.min(used++, answers.length - 1)] ?? {};
  });
}
