import { openSqliteMetadata } from "../sql/open-sqlite-metadata.ts";
import { blobInput, digestOf, manifestInput, reference, REPOSITORY } from "./fixtures.ts";

// A program for tests: pushes images named by its second argument into the database named by its first, eight at a time, and prints
// the number of each one whose push was acknowledged. Ends after as many as its third argument says.
const [path = "", name = "", count = "0"] = process.argv.slice(2);
const store = await openSqliteMetadata({ path });
let next = 0;

async function push(): Promise<void> {
  while (next < Number(count)) {
    const i = next++;
    const layer = `${name} layer ${i}`;
    const uploadId = `${name}-${i}`;
    await store.createUpload({ id: uploadId, repository: REPOSITORY, algorithm: "sha256", storageKey: `/${uploadId}`, ttlMs: 60_000 });
    await store.commitBlob(blobInput(layer, { uploadId }));
    await store.putManifest(manifestInput(`${name} ${i}`, { references: [reference(digestOf(layer))], tags: [`${name}-${i}`, "latest"] }));
    process.stdout.write(`${i}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, push));
await store.close();
