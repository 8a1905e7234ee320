import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  type Connection,
  checkPushPermission,
  createBlobUploader,
  createConnection,
  mountBlob,
  type PushBlobOptions,
  type PushMode,
  pushBlob,
} from "@berth/client";
import { type Descriptor, digestAlgorithm, MEDIA_TYPES, type ReplayableSource, replayableSource } from "@berth/oci";
import { descriptorOf, fileSource } from "@berth/oci/node";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { digestOfStream, largeContent } from "./support/content.ts";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { type RunningServer, type Server, SERVERS } from "./support/servers.ts";

const MIB = 1_048_576;
const CHILD = fileURLToPath(new URL("support/push-and-report.ts", import.meta.url));
/**
 * The reference registry mostly forgets an upload when one of its chunks is cut off: a push then begins anew, which content that is gone
 * cannot.
 */
const KEEPS_CUT_CHUNKS = (server: Server): boolean => server.name.startsWith("Berth");

for (const server of SERVERS.filter(({ name }) => name.endsWith(", plain"))) {
  describeWithParts(`uploads over ${server.name}`, server.needs, () => uploads(server));
}

for (const server of SERVERS.filter(({ name }) => name.endsWith(", plain") || name.endsWith(", TLS"))) {
  describeWithParts(`files over ${server.name}`, server.needs, () => files(server));
}

/** Files are read into the same few buffers over and over, so whoever still writes a chunk when it is overwritten sends something else. */
function files(server: Server): void {
  test("[client/B-25] a file of 96 MiB arrives as it is, in one request and in chunks, also when connections are cut", async () => {
    const scratch = await createScratch();
    const running = await server.start();
    const proxy = await startCuttingProxy(running.host);
    const { tls } = running;
    const connection = createConnection(
      proxy.host,
      tls === undefined ? { plainHttp: true, http: {} } : { plainHttp: false, http: { tls } },
    );
    try {
      const { descriptor, source } = await largeContent(96 * MIB + 1, 4711);
      await writeFile(scratch.join("blob"), source);
      const file = await fileSource(scratch.join("blob"));
      expect(file.openPassing).toBeDefined();
      for (const [at, mode] of (["auto", "chunked", "auto"] as const).entries()) {
        if (at === 2) proxy.cutAfter(50 * MIB);
        await pushBlob(connection, `files/${at}`, descriptor, file, { mode, backoff: () => 10 });
      }
      expect(proxy.spare()).toBe(true);
    } finally {
      await connection.close();
      await proxy.close();
      await running.stop();
      await scratch.remove();
    }
  });
}

function uploads(server: Server): void {
  let running: RunningServer;
  let proxy: CuttingProxy;
  let connection: Connection;
  const options: PushBlobOptions = { backoff: () => 10 };
  let seed = 0;

  beforeAll(async () => {
    running = await server.start();
    proxy = await startCuttingProxy(running.host);
    connection = createConnection(proxy.host, { plainHttp: true, http: {} });
  });
  afterAll(async () => {
    await connection?.close();
    await proxy?.close();
    await running?.stop();
  });

  /** What the registry has under a digest. */
  async function stored(repository: string, { digest }: Descriptor): Promise<Pick<Descriptor, "digest" | "size"> | undefined> {
    const response = await fetch(`http://${running.host}/v2/${repository}/blobs/${digest}`);
    if (response.status === 404) return undefined;
    if (response.body === null) throw new Error("the answer has no body");
    return await digestOfStream(response.body, digestAlgorithm(digest));
  }

  async function expectStored(repository: string, { digest, size }: Descriptor): Promise<void> {
    expect(await stored(repository, { digest, size, mediaType: "" })).toEqual({ digest, size });
  }

  const once = (source: ReplayableSource): AsyncIterable<Uint8Array> => ({ [Symbol.asyncIterator]: () => source[Symbol.asyncIterator]() });

  test.each<PushMode>(["auto", "monolithic", "chunked", "single-post"])(
    "[client/A-21,B-25,X-3,X-4] a blob of 8 MiB is pushed: %s",
    async (mode) => {
      for (const wrap of [(source: ReplayableSource) => source, once]) {
        const { descriptor, source } = await largeContent(8 * MIB + 1, seed++);
        await pushBlob(connection, "a/b", descriptor, wrap(source), { ...options, mode, chunkSize: 3 * MIB });
        await expectStored("a/b", descriptor);
      }
    },
  );

  test("[client/A-21] an empty blob is pushed", async () => {
    const empty = descriptorOf(MEDIA_TYPES.octetStream, new Uint8Array());
    for (const mode of ["auto", "chunked", "single-post"] as const) await pushBlob(connection, `empty/${mode}`, empty, "", { mode });
    for (const mode of ["auto", "chunked", "single-post"]) await expectStored(`empty/${mode}`, empty);
  });

  test("[client/B-25] a blob of 64 MiB is pushed, in memory that does not grow with it", async () => {
    const { descriptor, source } = await largeContent(64 * MIB, seed++);
    let last = 0;
    await pushBlob(connection, "a/b", descriptor, source, { ...options, onProgress: ({ sent }) => (last = sent) });
    expect(last).toBe(64 * MIB);
    await expectStored("a/b", descriptor);
  });

  test("[client/X-6] a blob is pushed by its sha512 digest", async (context) => {
    if (server.lacks.sha512 !== undefined) context.skip(server.lacks.sha512);
    const bytes = Buffer.alloc(5 * MIB, "sha512");
    const descriptor = descriptorOf(MEDIA_TYPES.octetStream, bytes, "sha512");
    for (const mode of ["auto", "chunked", "single-post"] as const) {
      await pushBlob(connection, `long/${mode}`, descriptor, bytes, { ...options, mode, chunkSize: 2 * MIB });
      await expectStored(`long/${mode}`, descriptor);
    }
  });

  test("[client/B-25] content that is not what was promised leaves nothing behind", async () => {
    const { descriptor, source } = await largeContent(6 * MIB, seed++);
    const other = await largeContent(6 * MIB, seed++);
    for (const content of [source, once(source)])
      for (const mode of ["auto", "chunked", "single-post"] as const) {
        const push = pushBlob(connection, "a/b", other.descriptor, content, { ...options, mode, chunkSize: 2 * MIB });
        await expect(push).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH", actual: descriptor.digest });
      }
    expect([await stored("a/b", descriptor), await stored("a/b", other.descriptor)]).toEqual([undefined, undefined]);
  });

  test("[client/X-3] a connection that is cut in the middle of a chunk costs that chunk at most", async () => {
    for (const wrap of [(source: ReplayableSource) => source, once]) {
      const { descriptor, source } = await largeContent(16 * MIB, seed++);
      const before = proxy.sent;
      proxy.cutAfter(9 * MIB + 5000);
      // waits as people have them: until the registry notices the cut it refuses what is sent again
      const push = pushBlob(connection, "a/b", descriptor, wrap(source), { mode: "chunked", chunkSize: 4 * MIB });
      const failure: unknown = await push.catch((error: unknown) => error);
      expect(proxy.spare()).toBe(true);
      if (failure !== undefined) {
        expect([wrap === once, KEEPS_CUT_CHUNKS(server)]).toEqual([true, false]);
        expect(failure).toMatchObject({ code: "ERR_UNREPLAYABLE_BODY", cause: { code: "ERR_NOT_FOUND" } });
        continue;
      }
      await expectStored("a/b", descriptor);
      if (KEEPS_CUT_CHUNKS(server)) expect(proxy.sent - before).toBeLessThan((16 + 2 * 4) * MIB); // a chunk that was refused, perhaps
    }
  });

  test("[client/X-3] a push in one request that is cut off is gone on with where the registry is", async () => {
    const { descriptor, source } = await largeContent(32 * MIB, seed++);
    const opened: number[] = [];
    const watched = replayableSource(source.size, (offset) => {
      opened.push(offset);
      return source.open(offset);
    });
    const before = proxy.sent;
    proxy.cutAfter(20 * MIB);
    // Waits as people have them: until the registry notices the cut it counts little of what came, and lets nobody else write.
    await pushBlob(connection, "a/b", descriptor, watched);
    expect(proxy.spare()).toBe(true);
    await expectStored("a/b", descriptor);
    if (!KEEPS_CUT_CHUNKS(server)) return;
    expect(opened[0]).toBe(0);
    expect(opened.at(-1)).toBeGreaterThan(19 * MIB);
    expect(proxy.sent - before).toBeLessThan(40 * MIB); // a chunk that was refused, perhaps, but not all of it again
  });

  test("[client/X-3] connections that are cut again and again do not stop a push", async (context) => {
    if (!KEEPS_CUT_CHUNKS(server)) context.skip("the reference registry forgets uploads whose chunks are cut off");
    const { descriptor, source } = await largeContent(24 * MIB, seed++);
    let cuts = 0;
    let next = 2 * MIB;
    const onProgress = ({ sent }: { sent: number }): void => {
      if (sent < next) return;
      next += 5 * MIB;
      cuts++;
      proxy.cutAfter(1_000_000);
    };
    await pushBlob(connection, "a/b", descriptor, source, { ...options, chunkSize: 4 * MIB, mode: "chunked", onProgress });
    proxy.spare();
    expect(cuts).toBeGreaterThan(3);
    await expectStored("a/b", descriptor);
  });

  test("[client/X-3] an upload of a process that was killed is finished by another one", async () => {
    const scratch = await createScratch();
    onTestFinished(() => scratch.remove());
    const { descriptor, source } = await largeContent(16 * MIB, seed++);
    await writeFile(scratch.join("blob"), source);
    const args = ["--conditions=berth-source", CHILD, proxy.host, scratch.join("blob"), JSON.stringify(descriptor)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    let resume = "";
    for await (const line of createInterface(child.stdout)) {
      const [what, value = ""] = line.split(" ");
      if (what === "id") resume = value;
      else if (Number(value) > 5 * MIB) child.kill("SIGKILL");
    }
    await exited;
    expect(await stored("a/b", descriptor)).toBeUndefined();
    const before = proxy.sent;
    await pushBlob(connection, "a/b", descriptor, await fileSource(scratch.join("blob")), {
      ...options,
      resume,
      mode: "chunked",
      chunkSize: MIB,
    });
    await expectStored("a/b", descriptor);
    if (KEEPS_CUT_CHUNKS(server)) expect(proxy.sent - before).toBeLessThan(12 * MIB);
  });

  test("[client/X-3] an upload in steps is finished by another client", async () => {
    const { descriptor, source } = await largeContent(10 * MIB + 7, seed++);
    const bytes = Buffer.concat(await Array.fromAsync(source));
    const first = await createBlobUploader(connection, "a/b", { chunkSize: 2 * MIB }).create();
    await first.write(bytes.subarray(0, 5 * MIB + 3));
    await first.close();
    const other = createConnection(proxy.host, { plainHttp: true, http: {} });
    onTestFinished(() => other.close());
    const second = await createBlobUploader(other, "a/b", { chunkSize: 2 * MIB }).resume(first.id);
    expect(second.size).toBe(5 * MIB + 3);
    await second.write(bytes.subarray(second.size));
    expect(await second.commit(descriptor)).toEqual(descriptor);
    await expectStored("a/b", descriptor);
  });

  test("[client/X-3] a cancelled upload is gone", async () => {
    const uploader = createBlobUploader(connection, "a/b");
    const upload = await uploader.create();
    await upload.write(Buffer.from("x"));
    await upload.cancel();
    await expect(uploader.resume(upload.id)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("[client/B-29] a blob is mounted, or pushed when it cannot be", async () => {
    const { descriptor, source } = await largeContent(5 * MIB, seed++);
    await pushBlob(connection, "from", descriptor, source);
    expect(await mountBlob(connection, "to", descriptor, "from")).toBe("mounted");
    await expectStored("to", descriptor);
    const absent = await largeContent(5 * MIB, seed++);
    expect(await mountBlob(connection, "to", absent.descriptor, "from")).toBe("refused");
    expect(await mountBlob(connection, "to", absent.descriptor, "from", { fallback: () => absent.source })).toBe("pushed");
    await expectStored("to", absent.descriptor);
    const without = await mountBlob(connection, "other", descriptor, undefined);
    expect(without === "mounted" || without === "refused").toBe(true);
    expect((await stored("other", descriptor)) !== undefined).toBe(without === "mounted");
  });

  test("[client/C-32] permission to push is found out", async () => {
    await checkPushPermission(connection, "a/b");
  });
}
