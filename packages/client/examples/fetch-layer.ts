/** Reads a layer from start to end, then from the middle. Arguments: a repository, the layer's digest. */
import { text } from "node:stream/consumers";
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", digest = ""] = process.argv.slice(2);
const repository = createRemoteRepository(name);
const descriptor = await repository.blobs.resolve(digest);

// option 1: one after the other; the stream fails instead of ending when the digest is wrong
console.log(await text(await repository.blobs.fetch(descriptor)));

// option 2: from anywhere, if the registry supports it
await using blob = await repository.blobs.open(descriptor);
if (blob.seekable) {
  const offset = 8;
  await blob.seek(offset);
  const rest = await blob.read(descriptor.size);
  if (rest.length !== descriptor.size - offset) throw new Error("Wrong content");
  console.log(Buffer.from(rest).toString());
}
