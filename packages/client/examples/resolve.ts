/** Describes what a tag or digest names. Arguments: a repository, a tag or digest. */
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

const descriptor = await repository.resolve(reference);
console.log(descriptor.mediaType);
console.log(descriptor.digest);
console.log(descriptor.size);
