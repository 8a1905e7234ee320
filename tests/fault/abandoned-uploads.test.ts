import { createRegistry, type MetadataStore, openSqliteMetadata } from "@berth/registry";
import { createScratch } from "@berth/testkit/parts";
import { expect, onTestFinished, test } from "vitest";

const SESSIONS = 1_000_000;
/** Sessions that are opened at the same time, to share commits. */
const BATCH = 2_000;
/** Rows that a purge may hold at once. */
const MAX_PAGE = 1_000;
/** What a dry run counts at most. */
const MAX_COUNTED = 100_000;
const TTL_MS = 3_600_000;

async function useMetadata(): Promise<MetadataStore> {
  const scratch = await createScratch();
  onTestFinished(() => scratch.remove());
  const metadata = await openSqliteMetadata({ path: scratch.join("metadata.db") });
  onTestFinished(() => metadata.close());
  return metadata;
}

async function open(metadata: MetadataStore, id: string, ttlMs: number): Promise<void> {
  await metadata.createUpload({ id, repository: "a", algorithm: "sha256", storageKey: `/uploads/${id}`, ttlMs });
}

/** Notes how many rows each look for sessions that are over asks for, and gets. */
function watchPages(metadata: MetadataStore): { readonly limit: number; readonly rows: number }[] {
  const pages: { readonly limit: number; readonly rows: number }[] = [];
  const list = metadata.listExpiredUploads.bind(metadata);
  metadata.listExpiredUploads = async (now, limit) => {
    const uploads = await list(now, limit);
    pages.push({ limit, rows: uploads.length });
    return uploads;
  };
  return pages;
}

// Over HTTP, and with fewer of them: hostile-sessions.test.ts of the registry.
test("[server/D16,O21] a million abandoned sessions go with one sweep, page by page, and the live one stays", async () => {
  const metadata = await useMetadata();
  for (let first = 0; first < SESSIONS; first += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, (_, n) => open(metadata, `abandoned-${first + n}`, TTL_MS)));
  }
  await open(metadata, "live", 10 * TTL_MS);
  const registry = await createRegistry({ metadata });
  onTestFinished(() => registry.close());
  const pages = watchPages(metadata);
  const now = new Date(Date.now() + 5 * TTL_MS);

  expect(await registry.sweep({ now, dryRun: true })).toMatchObject({ expiredUploads: MAX_COUNTED });
  expect(pages.splice(0)).toEqual([{ limit: MAX_COUNTED, rows: MAX_COUNTED }]);

  expect(await registry.sweep({ now })).toMatchObject({ expiredUploads: SESSIONS, strayUploads: [] });
  expect(pages.reduce((most, { limit, rows }) => Math.max(most, limit, rows), 0)).toBeLessThanOrEqual(MAX_PAGE);
  expect(
    pages.reduce((total, { rows }) => total + rows, 0),
    "no row is read twice",
  ).toBe(SESSIONS);

  expect(await registry.sweep({ now })).toMatchObject({ expiredUploads: 0 });
  expect(await metadata.findUpload("a", `abandoned-${SESSIONS - 1}`)).toBeUndefined();
  expect(await metadata.findUpload("a", "live")).toMatchObject({ id: "live" });
});
