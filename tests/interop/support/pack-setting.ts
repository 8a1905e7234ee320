import { mkdir, writeFile } from "node:fs/promises";
import { createRemoteRegistry, type RemoteRegistry, type RemoteRepository } from "@berth/client";
import { decodeManifest, type Descriptor, isJsonObject, type JsonObject } from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { createScratch, type PartName, requirePart, run, type Scratch } from "@berth/testkit/parts";
import { afterAll, beforeAll } from "vitest";
import { type OwnRegistry, startOwnRegistry } from "./own-registry.ts";

/** Files to pack, a registry to pack them into, and the tools of others, which work in the folder of the files. */
export class PackSetting {
  readonly #scratch: Scratch;
  readonly #server: OwnRegistry;
  readonly registry: RemoteRegistry;

  private constructor(scratch: Scratch, server: OwnRegistry) {
    this.#scratch = scratch;
    this.#server = server;
    this.registry = createRemoteRegistry(server.host);
  }

  /** With `hi.txt`, `big.bin` and `config.json`. */
  static async create(): Promise<PackSetting> {
    const setting = new PackSetting(await createScratch(), await startOwnRegistry());
    await mkdir(setting.file());
    await writeFile(setting.file("hi.txt"), "hi <&> there");
    await writeFile(setting.file("big.bin"), Buffer.alloc(300_000, 7));
    await writeFile(setting.file("config.json"), '{"a":1}');
    return setting;
  }

  /** Where the registry listens. */
  get host(): string {
    return this.#server.host;
  }

  /** A path beside the files. */
  join(...names: string[]): string {
    return this.#scratch.join(...names);
  }

  /** The path of a file to pack. */
  file(...names: string[]): string {
    return this.#scratch.join("files", ...names);
  }

  /** What a tool prints. */
  async call(part: PartName, ...args: readonly string[]): Promise<string> {
    const env = { HOME: this.#scratch.path, DOCKER_CONFIG: this.join("docker") };
    return (await run(requirePart(part).command(part), args, { cwd: this.file(), env })).stdout.trim();
  }

  /** As {@link call}, for oras: `command` may be several words. */
  async oras(command: string, ...args: readonly string[]): Promise<string> {
    return await this.call("oras", ...command.split(" "), "--plain-http", ...args);
  }

  async close(): Promise<void> {
    await this.registry.close();
    await this.#server.close();
    await this.#scratch.remove();
  }
}

/** A setting for the tests of a group. */
export function usePackSetting(): () => PackSetting {
  let setting: PackSetting | undefined;
  beforeAll(async () => {
    setting = await PackSetting.create();
  });
  afterAll(async () => await setting?.close());
  return () => {
    if (setting === undefined) throw new Error("the setting is there once tests run");
    return setting;
  };
}

/** The bytes of a manifest. */
export async function rawOf(repository: RemoteRepository, target: Descriptor): Promise<Buffer> {
  return await readAllVerified(await repository.fetch(target), target);
}

/** What is in an index. */
export async function entriesOf(repository: RemoteRepository, target: Descriptor): Promise<readonly Descriptor[]> {
  const manifest = decodeManifest(await rawOf(repository, target), target.mediaType);
  return manifest.kind === "index" ? manifest.manifests : [];
}

/** What a tool printed as JSON. */
export function objectOf(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  return isJsonObject(value) ? value : {};
}
