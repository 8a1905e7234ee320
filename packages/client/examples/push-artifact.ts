/** Pushes an image manifest, and an artifact manifest that refers to it. Argument: a repository. */
import { createRemoteRepository } from "@berth/client";
import { MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";

const [name = "localhost:5000/example"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

// 1. assemble the manifest that is referred to
const configBytes = Buffer.from("config bytes");
const config = descriptorOf(MEDIA_TYPES.ociConfig, configBytes);
const manifestBytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [] }));
const manifest = descriptorOf(MEDIA_TYPES.ociManifest, manifestBytes);

// 2. push it; registries want to have what it names first
await repository.push(config, configBytes);
await repository.push(manifest, manifestBytes);

// 3. assemble the artifact manifest
const artifactBytes = Buffer.from(
  JSON.stringify({ mediaType: MEDIA_TYPES.ociArtifactManifest, artifactType: "sbom/example", subject: manifest }),
);
const artifact = descriptorOf(MEDIA_TYPES.ociArtifactManifest, artifactBytes);

// 4. push it
await repository.push(artifact, artifactBytes);
console.log("Push finished");
