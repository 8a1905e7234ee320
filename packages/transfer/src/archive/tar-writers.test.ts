import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { bytesSource } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, describe, expect, test } from "vitest";
import { createTarWriter } from "./create-tar-writer.ts";
import { openTarFile } from "./tar-file.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder("writers");
  path = join(folder, "out.tar");
});

/** More than anybody asked for; whoever does not count takes it to its end, and hears another error. */
async function* tooMuch(): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < 100; count++) yield Buffer.alloc(65_536, "x");
  throw new Error("nobody counts");
}

const after = Buffer.alloc(3000, "after");

describe.each(["a file", "a stream"])("an archive in %s", (kind) => {
  test.each([10, 3_000_000])("entries without a digest are of the size that was announced (%i bytes), or not there", async (size) => {
    const stream = new PassThrough();
    const collected = Array.fromAsync(stream);
    const writer = await createTarWriter(kind === "a file" ? path : stream, { temporaryFolder: folder });
    const [long, short] = [size + 1, size - 1].map((length) => bytesSource(Buffer.alloc(length)));
    for (const content of [tooMuch(), long, short]) {
      if (content === undefined) expect.unreachable();
      const refused = expect(writer.add({ name: "wrong", size }, content)).rejects.toMatchObject({
        code: "ERR_SIZE_MISMATCH",
        expected: size,
      });
      await writer.add({ name: "after", size: after.byteLength, digest: digestOf(after) }, bytesSource(after)); // stands right behind it
      await refused;
      expect([writer.has("wrong"), writer.has("after")]).toEqual([false, true]);
    }
    await writer.add({ name: "right", size }, bytesSource(Buffer.alloc(size, "r")));
    await writer.finish([]);
    stream.end();
    await using read = await openTar(kind === "a file" ? await readFile(path) : Buffer.concat(await collected));
    expect([...read.tar.entries.keys()].toSorted()).toEqual(["after", "right"]);
    expect(await read.content("after")).toEqual(after);
    expect(await read.content("right")).toEqual(Buffer.alloc(size, "r"));
    expect(await readdir(folder)).toEqual(kind === "a file" ? ["out.tar"] : []);
  });
});

interface ReadTar extends AsyncDisposable {
  readonly tar: Awaited<ReturnType<typeof openTarFile>>;
  content(name: string): Promise<Buffer>;
}

async function openTar(bytes: Buffer): Promise<ReadTar> {
  const tar = await openTarFile(bytesSource(bytes), { temporaryFolder: folder });
  return {
    tar,
    async content(name) {
      const entry = tar.entries.get(name) ?? expect.unreachable(`"${name}" is missing`);
      return Buffer.concat(await Array.fromAsync(tar.read(entry)));
    },
    [Symbol.asyncDispose]: async () => await tar.close(),
  };
}
