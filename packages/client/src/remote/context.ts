import { type Digest, formatScope, type RepositoryName } from "@berth/oci";
import type { Connection } from "./connection.ts";
import type { RepositorySettings } from "./repository-options.ts";

/** What the parts of one repository share. */
export interface RepositoryContext {
  readonly connection: Connection;
  readonly name: RepositoryName;
  readonly settings: RepositorySettings;
}

/** Path of a blob. */
export function blobPath({ name }: RepositoryContext, digest: Digest): string {
  return `/v2/${name}/blobs/${digest}`;
}

/** Path of a manifest; `reference` is a checked tag or digest. */
export function manifestPath({ name }: RepositoryContext, reference: string): string {
  return `/v2/${name}/manifests/${reference}`;
}

/** What a token for these actions on the repository needs to say. */
export function scopesOf({ name }: RepositoryContext, ...actions: readonly string[]): readonly string[] {
  return [formatScope({ type: "repository", name, actions })];
}
