import type { BlobFiles } from "./blob-files.ts";
import type { IndexStore } from "./index-store.ts";
import type { Ingest } from "./ingest.ts";
import type { LayoutGraph } from "./layout-graph.ts";
import type { LayoutPaths } from "./layout-paths.ts";

/** What a layout is made of. */
export interface LayoutParts {
  readonly paths: LayoutPaths;
  /** The folder as it was given. */
  readonly typed: string;
  readonly blobs: BlobFiles;
  readonly index: IndexStore;
  readonly graph: LayoutGraph;
  readonly ingest: Ingest;
  readonly readOnly: boolean;
  /** Bytes. */
  readonly maxManifestBytes: number;
  /** Manifests that one walk reads. */
  readonly maxManifests: number;
  /** Makes it a layout, once there is content; absent: it is one. */
  readonly make?: () => Promise<void>;
}
