import { parseDigest } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { useContext } from "../testing/domain.test-kit.ts";
import { replacing } from "../testing/doubles.test-kit.ts";
import { blobPath, uploadIdOf, uploadPath } from "./layout.ts";
import { Namespace } from "./namespace.ts";

const HEX = "0123456789abcdef".repeat(4);

test("[server/SQ3] a blob lies at the reference's own path; one that came back while it was being deleted lies beside it", () => {
  const digest = parseDigest(`sha256:${HEX}`);
  expect(blobPath(digest)).toBe(`/docker/registry/v2/blobs/sha256/01/${HEX}/data`);
  expect(blobPath(digest, 2)).toBe(`/docker/registry/v2/blobs/sha256/01/${HEX}/data.g2`);
});

test("[server/SQ3] what is recorded as a blob's place is where its bytes are", async () => {
  const disk = await useDisk();
  const context = await useContext(await disk.open());
  const { digest } = await new Namespace(context).repository("a").blobs.put("text/plain", Buffer.from("x"));
  const blob = await context.metadata.findBlob("a", digest);
  await context.background.drain();
  expect(await disk.files()).toEqual([blob?.storageKey]);
  expect(blob?.storageKey).toBe(blobPath(digest));
});

test("[server/SQ3,SQ33] bytes that come back while the former ones are being deleted get a place of their own", async () => {
  const context = await useContext();
  const canonical = digestOf("x");
  const metadata = replacing(context.metadata, {
    blobPlacement: () => Promise.resolve({ state: "deleting", generation: 1, storageKey: blobPath(canonical, 1) }),
  });
  await new Namespace({ ...context, metadata }).repository("a").blobs.put("text/plain", Buffer.from("x"));
  const blob = await context.metadata.findBlob("a", canonical);
  expect(blob?.storageKey).toBe(blobPath(canonical, 2));
  expect((await context.content.driver.getContent(blobPath(canonical, 2))).toString()).toBe("x");
});

test("the session of a file is told by its name, whichever writer's it is", () => {
  expect(uploadIdOf(uploadPath("0193a7c8"))).toBe("0193a7c8");
  expect(uploadIdOf(uploadPath("0193a7c8", "f00"))).toBe("0193a7c8");
});
