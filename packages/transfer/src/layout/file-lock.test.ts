import fs, { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { acquireLock } from "./file-lock.ts";
import { temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

test("a disk that is too full for the owner's name is left without a lock that nobody holds", async () => {
  const { folder } = await temporaryLayout();
  const path = join(folder, "it.lock");
  const write = vi.spyOn(fs, "writeSync").mockImplementation(() => {
    throw Object.assign(new Error("full"), { code: "ENOSPC" });
  });
  syncBuiltinESMExports();
  onTestFinished(() => {
    write.mockRestore();
    syncBuiltinESMExports();
  });
  await expect(acquireLock(path, { what: "it", timeoutMs: 0 })).rejects.toMatchObject({ code: "ENOSPC" });
  expect(write).toHaveBeenCalledOnce();
  expect(existsSync(path)).toBe(false);
});
