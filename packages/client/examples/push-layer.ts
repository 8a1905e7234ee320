/** Pushes a layer. Argument: a repository. */
import { createRemoteRepository } from "@berth/client";
import { MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";

const [name = "localhost:5000/example"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

// 1. assemble a descriptor
const layer = Buffer.from("Example layer content");
const descriptor = descriptorOf(MEDIA_TYPES.ociLayer, layer);

// 2. push the content
await repository.push(descriptor, layer);
console.log("Push finished");
