import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that goes away with the test: call it in a test, or before each. `purpose` is part of its name: `layout`. */
export async function temporaryFolder(purpose: string = "test"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `berth-${purpose}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
