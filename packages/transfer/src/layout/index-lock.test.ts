import { mkdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { blobFixture, imageManifest, type ManifestFixture } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { acquireLock } from "./file-lock.ts";
import { LayoutPaths } from "./layout-paths.ts";
import { temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from("{}"));
const imageOf = (name: string): ManifestFixture => imageManifest({ config: config.descriptor, annotations: { name } });
const [one, two] = [imageOf("one"), imageOf("two")];

test("who stops waiting for another process to be done with the index changes nothing, and holds nobody up", async () => {
  const layout = await temporaryLayout();
  for (const { descriptor, bytes } of [one, two]) await layout.push(descriptor, bytesSource(bytes));
  const { ingest, indexLock } = new LayoutPaths(layout.folder);
  await mkdir(ingest, { recursive: true });
  const lock = await acquireLock(indexLock, { what: "the index", timeoutMs: 0 });
  const stop = new AbortController();
  const stopped = layout.tag(one.descriptor, "stopped", { signal: stop.signal });
  const also = layout.tag(two.descriptor, "also", { signal: stop.signal });
  for (const waiting of [stopped, also]) waiting.catch(() => undefined); // it is looked at below
  await setImmediate();
  stop.abort(new Error("enough"));
  const kept = layout.tag(two.descriptor, "kept"); // after the wait of the others ended, and before anybody noticed
  await expect(stopped).rejects.toThrow("enough");
  await expect(also).rejects.toThrow("enough");
  await lock.release();
  await kept;
  expect(await Array.fromAsync(layout.tags())).toEqual(["kept"]);
});
