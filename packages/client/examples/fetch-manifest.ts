/** Streams a manifest by its descriptor. Arguments: a repository, a tag or digest. */
import { text } from "node:stream/consumers";
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example", reference = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

const descriptor = await repository.resolve(reference);
const stream = await repository.fetch(descriptor); // consume it or destroy it
console.log(await text(stream));
