/**
 * Attaches something to an image and does not mind when the index that was replaced cannot be deleted, in registries that have no list of
 * referrers and no deletes. Arguments: a repository, the image's tag or digest, what the attachment says.
 */
import { createRemoteRepository, ReferrersError } from "@berth/client";
import { MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";

const [name = "localhost:5000/example", reference = "latest", note = "hello"] = process.argv.slice(2);
const repository = createRemoteRepository(name);
const subject = await repository.resolve(reference);

const emptyBytes = Buffer.from("{}");
const empty = descriptorOf(MEDIA_TYPES.ociEmpty, emptyBytes);
const referrerBytes = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: "example/note",
    config: empty,
    layers: [empty],
    subject,
    annotations: { note },
  }),
);

await repository.push(empty, emptyBytes);
try {
  await repository.push(descriptorOf(MEDIA_TYPES.ociManifest, referrerBytes), referrerBytes);
} catch (error) {
  if (!(error instanceof ReferrersError && error.isIndexDelete)) throw error;
  console.log("ignoring error occurred during cleaning obsolete referrers index");
}
console.log("Push finished");
