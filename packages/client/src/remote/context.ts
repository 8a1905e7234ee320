import { type Digest, formatScope, type RepositoryName } from "@berth/oci";
import type { Connection } from "./connection.ts";
import type { RepositorySettings } from "./repository-options.ts";

/** A repository, and the way to it. */
export interface RepositoryPlace {
  readonly connection: Connection;
  readonly name: RepositoryName;
}

/** What the parts of one repository share. */
export interface RepositoryContext extends RepositoryPlace {
  readonly settings: RepositorySettings;
}

/** Path of a blob. */
export function blobPath({ name }: Pick<RepositoryPlace, "name">, digest: Digest): string {
  return `/v2/${name}/blobs/${digest}`;
}

/** Path of a manifest; `reference` is a checked tag or digest. */
export function manifestPath({ name }: Pick<RepositoryPlace, "name">, reference: string): string {
  return `/v2/${name}/manifests/${reference}`;
}

/** What a token for these actions on the repository needs to say. */
export function scopesOf({ name }: Pick<RepositoryPlace, "name">, ...actions: readonly string[]): readonly string[] {
  return [formatScope({ type: "repository", name, actions })];
}
