import { expect } from "vitest";
import type { Disk } from "./disk.test-kit.ts";
import type { RegistryServer } from "./harness.test-kit.ts";
import type { Reply } from "./reply.test-kit.ts";

/** Watches that hostile requests change nothing and learn nothing. */
export class Unharmed {
  readonly #server: RegistryServer;
  readonly #disk: Disk;
  readonly #before: unknown;

  private constructor(server: RegistryServer, disk: Disk, before: unknown) {
    this.#server = server;
    this.#disk = disk;
    this.#before = before;
  }

  /** Starts once no copy of an earlier upload waits to be removed: that happens behind its answer. */
  static async watch(server: RegistryServer, disk: Disk): Promise<Unharmed> {
    await expect.poll(async () => (await disk.files()).filter((path) => path.includes("/uploads/"))).toEqual([]);
    return new Unharmed(server, disk, await stateOf(server, disk));
  }

  /** An error answer in the registry's form that tells nothing of the machine. */
  expectRefused(reply: Reply, statuses: readonly number[], what: string): void {
    expect(statuses, `${what}: ${reply.status} ${reply.text.slice(0, 200)}`).toContain(reply.status);
    if (reply.body.byteLength > 0) expect(reply.errors.length, what).toBeGreaterThan(0);
    expect(reply.body.byteLength, what).toBeLessThan(4096);
    this.#expectNoLeak(reply.text);
  }

  /** The server still answers, and holds what it held. */
  async check(): Promise<void> {
    expect((await this.#server.call("GET", "/v2/")).status).toBe(200);
    expect((await this.#server.call("GET", "/readyz")).status).toBe(200);
    await expect.poll(async () => await stateOf(this.#server, this.#disk)).toEqual(this.#before);
    this.#expectNoLeak(this.#server.log.text());
    expect(this.#server.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  }

  #expectNoLeak(text: string): void {
    expect(text).not.toContain(this.#disk.root);
    expect(text).not.toMatch(/node_modules|\.ts:\d|\/docker\/registry\/v2\/(blobs|uploads)/);
  }
}

async function stateOf(server: RegistryServer, disk: Disk): Promise<unknown> {
  const repositories: Record<string, unknown> = {};
  for await (const name of server.registry.repositories()) {
    const tags: string[] = [];
    for await (const tag of server.registry.repository(name).tags()) tags.push(tag);
    repositories[name] = tags;
  }
  return { repositories, files: await disk.files() };
}
