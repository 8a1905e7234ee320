/** Prints the warnings of a registry. Arguments: a repository, a tag or digest. */
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name, {
  // for each answer that has one; wrap the function in onceEach() to hear each text once
  onWarning: (warning) => console.log(`Warning from ${repository.name}: ${warning.text}`),
});

const descriptor = await repository.resolve(reference);
console.log(descriptor.digest);
console.log(descriptor.size);
const bytes = await repository.fetchBytes(descriptor);
console.log(Buffer.from(bytes).toString());
