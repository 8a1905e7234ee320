/**
 * Run as a process of its own: pushes content of that many MiB into a layout, one MiB for every line on its input, and says when it asks
 * for the next. Arguments: folder, MiB, digest.
 */
import { createInterface } from "node:readline";
import { parseDigest, replayableSource } from "@berth/oci";
import { openLayout } from "../open-layout.ts";
import { mebibyte } from "./mebibytes.test-kit.ts";

const [folder = "", count = "0", digest = ""] = process.argv.slice(2);
const size = Number(count) * 1_048_576;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function* read(offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset / 1_048_576; at < Number(count); at++) {
    process.stdout.write(`${at}\n`);
    if ((await lines.next()).done === true) return;
    yield mebibyte(at);
  }
}

const layout = await openLayout(folder);
await layout.push({ mediaType: "application/octet-stream", digest: parseDigest(digest), size }, replayableSource(size, read));
process.stdout.write("done\n");
process.stdin.destroy();
