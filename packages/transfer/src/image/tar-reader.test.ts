import { LimitExceededError } from "@berth/oci";
import { describe, expect, test } from "vitest";
import { type LayerLimits, LayerBudget } from "./layer-limits.ts";
import type { TarEntry } from "./tar-entry.ts";
import { TAR_END } from "./tar-encode.ts";
import { readTar } from "./tar-reader.ts";
import { bytesOf, type EntrySpec, tarOf } from "./testing/archives.ts";

async function* one(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function read(tar: Uint8Array, limits?: LayerLimits): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const { entry } of readTar(one(tar), new LayerBudget(limits))) entries.push(entry);
  return entries;
}

/** An archive of one header whose fields are changed: offset and text. */
function header(spec: EntrySpec, ...changes: readonly (readonly [at: number, text: string])[]): Buffer {
  const tar = tarOf(spec);
  for (const [at, text] of changes) tar.write(text, at, "latin1");
  tar.fill(" ", 148, 156);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return tar;
}

function pax(...records: readonly string[]): Buffer {
  return header({ path: "pax", text: records.join("") }, [156, "x"]).subarray(0, -1024);
}

function gnu(type: "L" | "K", name: string): Buffer {
  return header({ path: "././@LongLink", text: `${name}\0` }, [156, type], [257, "ustar  \0"]).subarray(0, -1024);
}

describe("readTar()", () => {
  test("reads content or leaves it", async () => {
    const tar = tarOf({ path: "a", text: "x".repeat(3000) }, { path: "b", text: "b" }, { path: "c", text: "y".repeat(512) });
    const texts: string[] = [];
    for await (const { entry, content } of readTar(one(tar, 700))) {
      if (entry.path === "b") texts.push((await bytesOf(content)).toString());
      else if (entry.path === "a")
        for await (const chunk of content) {
          texts.push(String(chunk.byteLength));
          break;
        }
    }
    expect(texts).toEqual(["188", "b"]);
  });

  test("reads an archive that ends with its last entry's content, or within what fills its last block, as umoci writes them", async () => {
    const whole = tarOf({ path: "a", text: "x".repeat(600) }, { path: "b", text: "b".repeat(6) });
    const content = 512 + 1024 + 512 + 6;
    for (const size of [content, content + 1, content + 505, content + 506, content + 506 + 512]) {
      const texts: string[] = [];
      for await (const { content: bytes } of readTar(one(whole.subarray(0, size), 700))) texts.push((await bytesOf(bytes)).toString());
      expect(texts).toEqual(["x".repeat(600), "bbbbbb"]);
      expect((await read(whole.subarray(0, size))).map(({ path }) => path)).toEqual(["a", "b"]);
    }
    await expect(read(whole.subarray(0, content - 1))).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
  });

  test("reads long names of GNU and PAX, GNU before PAX before the header", async () => {
    const [long, longer] = ["l".repeat(150), "m".repeat(300)];
    const tar = Buffer.concat([
      gnu("L", long),
      gnu("K", longer),
      header({ path: "short", linkTarget: "x" }).subarray(0, 512),
      pax(`${163 - 1} path=${long}\n`.replace("162", "161").replace(/^\d+/, String(` path=${long}\n`.length + 3))),
      header({ path: "other" }),
    ]);
    expect(await read(tar)).toMatchObject([
      { path: long, linkTarget: longer, type: "symlink" },
      { path: long, type: "file" },
    ]);
  });

  test("reads old archives, and prefixes of ustar only", async () => {
    const v7 = header({ path: "dir/", type: "file" }, [156, "\0"], [257, "\0\0\0\0\0\0\0\0"]);
    expect(await read(v7)).toMatchObject([{ path: "dir", type: "folder" }]);
    expect(await read(header({ path: "name" }, [345, "prefix"]))).toMatchObject([{ path: "prefix/name" }]);
    expect(await read(header({ path: "name" }, [257, "ustar  \0"], [345, "prefix"]))).toMatchObject([{ path: "name" }]);
  });

  test("reads numbers in base 256", async () => {
    const big = header({ path: "a" }, [108, "\x80\0\0\0\x01\0\0\0"], [136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]);
    expect(await read(big)).toMatchObject([{ uid: 2 ** 24, mtime: -1 }]);
  });

  test("takes links and folders with a size for what they are, as others do: nothing can hide in them", async () => {
    const link = header({ path: "l", linkTarget: "x" }, [124, "00000001000"]).subarray(0, 512);
    expect(await read(Buffer.concat([link, tarOf({ path: "seen", text: "x" })]))).toMatchObject([{ path: "l", size: 0 }, { path: "seen" }]);
  });

  test("ends at two blocks of zeros or the end of the bytes, and reads over the rest", async () => {
    const tar = tarOf({ path: "a", text: "x" });
    let drained = false;
    const source = async function* () {
      yield tar;
      yield Buffer.from("anything");
      drained = true;
    };
    for await (const { entry } of readTar(source())) expect(entry.path).toBe("a");
    expect(drained).toBe(true);
    expect(await read(tar.subarray(0, -1024))).toHaveLength(1);
    expect(await read(tar.subarray(0, -512))).toHaveLength(1);
    expect([await read(TAR_END), await read(Buffer.alloc(0))]).toEqual([[], []]);
  });

  test.each<[string, Uint8Array]>([
    ["no archive", Buffer.alloc(2048, "no archive")],
    ["a header that is cut short", tarOf({ path: "a" }).subarray(0, 300)],
    ["content that is cut short", tarOf({ path: "a", text: "x".repeat(2000) }).subarray(0, 1500)],
    ["an entry between the last blocks", Buffer.concat([TAR_END.subarray(0, 512), tarOf({ path: "a" })])],
    ["an extension without an entry", Buffer.concat([gnu("L", "x"), TAR_END])],
    ["an unknown type", header({ path: "a" }, [156, "V"])],
    ["a size that is no number", header({ path: "a" }, [124, "12x"])],
    ["a size below zero", header({ path: "a" }, [124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"])],
    ["a size beyond all numbers", header({ path: "a" }, [124, "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"])],
    ["a device beyond all numbers", header({ path: "a" }, [329, "\x80\xff\xff\xff\xff\xff\xff\xff"])],
    ["a PAX record with a wrong length", Buffer.concat([pax("99 path=x\n"), tarOf({ path: "a" })])],
    ["a PAX record without a key", Buffer.concat([pax("5 =x\n"), tarOf({ path: "a" })])],
    ["a PAX size that is no number", Buffer.concat([pax("11 size=1x\n"), tarOf({ path: "a" })])],
    ["a link to nothing", tarOf({ path: "a", type: "symlink" })],
  ])("refuses %s", async (_, tar) => {
    await expect(read(tar)).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
  });

  test("says of what is shorter than a header that it may be no archive at all", async () => {
    await expect(read(Buffer.from("{}"))).rejects.toThrow("Cannot read layer: it is no tar archive, or a header is cut short");
  });

  test("refuses content that is cut short also while it is read", async () => {
    const read = async (): Promise<void> => {
      for await (const { content } of readTar(one(tarOf({ path: "a", text: "x".repeat(2000) }).subarray(0, 1500)))) await bytesOf(content);
    };
    await expect(read()).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
  });

  test("refuses sparse files", async () => {
    await expect(read(header({ path: "a" }, [156, "S"]))).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    await expect(read(Buffer.concat([pax("22 GNU.sparse.major=1\n"), tarOf({ path: "a" })]))).rejects.toMatchObject({
      code: "ERR_UNSUPPORTED",
    });
  });

  test("refuses zero bytes in a path", async () => {
    await expect(read(Buffer.concat([pax("12 path=a\0b\n"), tarOf({ path: "a" })]))).rejects.toMatchObject({ code: "ERR_UNSAFE_ENTRY" });
  });

  test.each<[LayerLimits, EntrySpec]>([
    [{ maxEntries: 1 }, { path: "x" }],
    [{ maxHeaderBytes: 2000 }, { path: "x", pax: new Map([["SCHILY.xattr.user.x", Buffer.alloc(3000)]]) }],
    [{ maxPathBytes: 50 }, { path: "é".repeat(26) }],
    [{ maxPathBytes: 50 }, { path: "x", linkTarget: "é".repeat(26) }],
    [{ maxPathDepth: 3 }, { path: "a/b/c/d" }],
    [{ maxEntryMemory: 400 }, { path: `${"a/".repeat(100)}b` }],
    [{ maxEntryMemory: 400 }, { path: "x", linkTarget: "y".repeat(400) }],
    [{ maxEntryMemory: 400 }, { path: "x", pax: new Map([["SCHILY.xattr.user.x", Buffer.alloc(400)]]) }],
  ])("keeps to %j", async (limits, spec) => {
    const tar = tarOf({ path: "first" }, spec);
    await expect(read(tar, limits)).rejects.toThrow(LimitExceededError);
    expect(await read(tar)).toHaveLength(2);
  });

  test("does not read an extension that is too large", async () => {
    const huge = header({ path: "x" }, [156, "L"], [124, "77777777777"]);
    await expect(read(huge.subarray(0, 512))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  });
});
