/** Opens a manifest by tag or digest in one request. Arguments: a repository, a tag or digest. */
import { text } from "node:stream/consumers";
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

const { descriptor, content } = await repository.fetchReference(reference);
const manifest = await text(content);
if (manifest.length !== descriptor.size) throw new Error("The manifest is ASCII, so that these are equal");
console.log(manifest);
