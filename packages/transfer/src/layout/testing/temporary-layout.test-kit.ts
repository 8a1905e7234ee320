import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ignoreMissing } from "../errno.ts";
import type { OciLayout } from "../oci-layout.ts";
import { openLayout, type OpenLayoutOptions } from "../open-layout.ts";

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-layout-"));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty layout that goes away with the test. */
export async function temporaryLayout(options: OpenLayoutOptions = {}): Promise<OciLayout> {
  return await openLayout(await temporaryFolder(), { create: true, ...options });
}

/** The names of the files in `ingest`, which is there only while it is used. */
export async function ingestOf(layout: OciLayout): Promise<readonly string[]> {
  return ((await readdir(join(layout.folder, "ingest")).catch(ignoreMissing)) ?? []).sort();
}
