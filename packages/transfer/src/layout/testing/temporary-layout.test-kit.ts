import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { ignoreMissing } from "../errno.ts";
import type { OciLayout } from "../oci-layout.ts";
import { openLayout, type OpenLayoutOptions } from "../open-layout.ts";

/** An empty layout that goes away with the test. */
export async function temporaryLayout(options: OpenLayoutOptions = {}): Promise<OciLayout> {
  return await openLayout(await temporaryFolder("layout"), { create: true, ...options });
}

/** The names of the files in `ingest`, which is there only while it is used. */
export async function ingestOf(layout: OciLayout): Promise<readonly string[]> {
  return ((await readdir(join(layout.folder, "ingest")).catch(ignoreMissing)) ?? []).sort();
}
