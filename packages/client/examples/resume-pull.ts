/** Downloads a blob into a file, and goes on with what an earlier run left there. Arguments: a repository, the blob's digest, the file. */
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { createRemoteRepository } from "@berth/client";
import { DigestMismatchError, SizeMismatchError } from "@berth/oci";
import { createVerifier } from "@berth/oci/node";

const [name = "localhost:5000/example", digest = "", file = "blob.part"] = process.argv.slice(2);
const repository = createRemoteRepository(name);
const blob = await repository.blobs.resolve(digest);

await using output = await open(file, "a");
const { size: had } = await output.stat();
console.log(`${had} of ${blob.size} bytes are there`);
try {
  // what is there counts for the digest of the whole
  const verifier = createVerifier(blob);
  const there: AsyncIterable<Uint8Array> = createReadStream(file);
  for await (const chunk of there) verifier.update(chunk);
  const rest = await repository.blobs.fetch(blob, { offset: had });
  for await (const chunk of rest) {
    verifier.update(chunk);
    await output.appendFile(chunk);
  }
  console.log(verifier.verify());
} catch (error) {
  const isWrong = error instanceof DigestMismatchError || error instanceof SizeMismatchError;
  if (isWrong && !error.retryable) await rm(file); // it was something else: begin anew. What a broken connection left is gone on with
  throw error;
}
