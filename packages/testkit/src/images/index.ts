export { Random } from "../faults/random.ts";
export type { ImageGraph, RandomImageOptions } from "./graph.ts";
export { pushGraph, randomImage, randomIndex, sourceOf } from "./graph.ts";
export type { BlobFixture, LayerFixture } from "./layer.ts";
export { blobFixture, layerOf, randomLayer } from "./layer.ts";
export type { ImageFields, ManifestFixture } from "./manifest.ts";
export { EMPTY_JSON, imageManifest, indexManifest, manifestOf } from "./manifest.ts";
