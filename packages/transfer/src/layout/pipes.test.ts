import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource } from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { imageManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { openLayout } from "./open-layout.ts";
import { temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

test.skipIf(process.platform === "win32")("a pipe in the place of a file of a layout holds nobody up", async () => {
  const layout = await temporaryLayout();
  const { descriptor, bytes } = imageManifest();
  await layout.push(descriptor, bytesSource(bytes));
  const replace = async (...path: readonly string[]): Promise<void> => {
    await rm(join(layout.folder, ...path));
    execFileSync("/usr/bin/mkfifo", [join(layout.folder, ...path)]);
  };
  await replace("blobs", ...descriptor.digest.split(":"));
  const reading = layout.fetch(descriptor).then(async (content) => await readAllVerified(content, descriptor));
  await expect(reading).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  await replace("index.json");
  await expect(openLayout(layout.folder)).rejects.toMatchObject({ code: "ERR_INVALID_LAYOUT" });
  await replace("oci-layout");
  await expect(openLayout(layout.folder)).rejects.toMatchObject({ code: "ERR_INVALID_LAYOUT" });
});
