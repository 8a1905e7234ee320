import type { Descriptor } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished } from "vitest";
import type { StackConnectionOptions } from "../create-connection.ts";
import { createRemoteRegistry, type RegistryOptions } from "../create-registry.ts";
import type { RemoteRepository } from "../remote-repository.ts";

/** A scripted registry, and a client of its repository `a/b`. */
export interface ScriptedRepository {
  readonly server: ScriptedRegistry;
  readonly repository: RemoteRepository;
}

/** Starts a scripted registry that ends with the test. */
export async function scripted(options: RegistryOptions & StackConnectionOptions = {}): Promise<ScriptedRepository> {
  const server = await startScriptedRegistry();
  onTestFinished(() => server.close());
  return { server, repository: createRemoteRegistry(server.host, { plainHttp: true, retry: false, ...options }).repository("a/b") };
}

/** Content with its descriptor. */
export interface Sample {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Content of a text, or of bytes. */
export function sample(content: string | Buffer, mediaType: string = "application/octet-stream"): Sample {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { bytes, descriptor: descriptorOf(mediaType, bytes) };
}

/** Reads everything. */
export async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(source)).toString();
}

/** What the call fails with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => expect.unreachable(`it did not fail, but gave ${String(value)}`),
    (error: unknown) => error,
  );
}
