/** Reads the blobs of an artifact manifest. Arguments: a repository, the manifest's digest. */
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = ""] = process.argv.slice(2);
const repository = createRemoteRepository(name);

// 1. fetch the artifact manifest
const { manifest } = await repository.fetchManifest(reference);
console.log(Buffer.from(manifest.raw).toString());

// 2. fetch its blobs
if (manifest.kind !== "artifact") throw new Error(`Expected an artifact manifest, got "${manifest.mediaType}"`);
for (const blob of manifest.blobs) {
  console.log(Buffer.from(await repository.fetchBytes(blob)).toString());
}
