/** Tags a manifest of a repository that is opened through its registry. Arguments: host, repository, a tag or digest, the new tag. */
import { createRemoteRegistry } from "@berth/client";

const [host = "localhost:5000", name = "example", reference = "latest", tag = "stable"] = process.argv.slice(2);
const registry = createRemoteRegistry(host);
const repository = registry.repository(name);

const descriptor = await repository.resolve(reference);
await repository.tag(descriptor, tag);
console.log(`Tagged ${descriptor.digest} as ${tag}`);
