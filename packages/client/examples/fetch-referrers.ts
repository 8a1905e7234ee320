/** Reads all manifests that refer to an image. Arguments: a repository, the image's tag or digest. */
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

const descriptor = await repository.resolve(reference);
for await (const referrer of repository.referrers(descriptor)) {
  const bytes = await repository.fetchBytes(referrer);
  console.log(Buffer.from(bytes).toString());
}
