/**
 * Pushes an image and tags it. Arguments: a repository, the tag.
 *
 *   (latest) -> manifest -> config "Hello config"
 *                       \-> layer "Hello layer"
 */
import { createRemoteRepository } from "@berth/client";
import { MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";

const [name = "localhost:5000/example/registry", tag = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

// 1. assemble descriptors and manifest
const layerBytes = Buffer.from("Hello layer");
const layer = descriptorOf(MEDIA_TYPES.ociLayer, layerBytes);
const configBytes = Buffer.from("Hello config");
const config = descriptorOf(MEDIA_TYPES.ociConfig, configBytes);
const manifestBytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [layer] }));
const manifest = descriptorOf(MEDIA_TYPES.ociManifest, manifestBytes);

// 2. push and tag
await repository.push(layer, layerBytes);
await repository.push(config, configBytes);
await repository.pushReference(manifest, manifestBytes, tag);
console.log("Succeed");
