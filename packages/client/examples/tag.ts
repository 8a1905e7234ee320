/** Gives a manifest a second name. Arguments: a repository, a tag or digest, the new tag. */
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = "latest", tag = "stable"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

const descriptor = await repository.resolve(reference);
await repository.tag(descriptor, tag);
console.log("Succeed");
