/** Resolves a tag or digest and reads the manifest into memory, checked. Arguments: a repository, a tag or digest. */
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

// 1. resolve the descriptor
const descriptor = await repository.resolve(reference);
console.log(descriptor.digest);
console.log(descriptor.size);

// 2. fetch the bytes; a digest or size that is wrong is an error
const bytes = await repository.fetchBytes(descriptor);
console.log(Buffer.from(bytes).toString());
