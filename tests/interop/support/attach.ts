import { EMPTY_JSON, imageManifest } from "@berth/testkit/images";
import { createRemoteRepository, type RemoteRepository } from "@berth/client";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";

/** The type of everything that {@link attach} attaches. */
export const ATTACHMENT_TYPE = "application/vnd.berth.test";

/** Pushes an artifact that refers to `subject`, told from others by its name, and describes it. */
export async function attach(
  repository: RemoteRepository,
  subject: Descriptor,
  name: string,
  type: string = ATTACHMENT_TYPE,
): Promise<Descriptor> {
  const manifest = imageManifest({ subject, artifactType: type, annotations: { name } });
  await repository.push(manifest.descriptor, bytesSource(manifest.bytes));
  return { ...manifest.descriptor, artifactType: type, annotations: { name } };
}

/** Pushes an image to attach things to. `name` tells it from others. */
export async function pushSubject(repository: RemoteRepository, name: string): Promise<Descriptor> {
  await repository.blobs.push(descriptorOf(MEDIA_TYPES.ociEmpty, EMPTY_JSON), bytesSource(EMPTY_JSON));
  const manifest = imageManifest({ annotations: { name } });
  await repository.pushReference(manifest.descriptor, bytesSource(manifest.bytes), name);
  return manifest.descriptor;
}

// As a program: attach.ts REPOSITORY TAG NAME...
if (import.meta.main) {
  const [reference = "", tag = "", ...names] = process.argv.slice(2);
  const repository = createRemoteRepository(reference);
  const subject = await repository.resolve(tag);
  await Promise.all(names.map((name) => attach(repository, subject, name)));
}
