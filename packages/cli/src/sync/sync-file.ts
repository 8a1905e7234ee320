import type { Platform } from "@berth/oci";
import type { RegistryConfig } from "../user-config/user-config.ts";

/** What a sync file says of a registry, beyond what a user's config file may say. Secrets are in variables, never in the file. */
export interface SyncRegistry extends RegistryConfig {
  /** Who signs in; the password is in a variable. */
  readonly user?: string;
  /** The variable that holds the password. */
  readonly passwordVariable?: string;
  /** The variable that holds a bearer token. */
  readonly tokenVariable?: string;
}

/** Which of many names are meant. */
export interface NameSelection {
  /** Shell patterns, or expressions between slashes; one must match. */
  readonly match?: readonly string[];
  /** None of these may match. */
  readonly exclude?: readonly string[];
}

/** Which tags are meant. */
export interface TagSelection extends NameSelection {
  /** A range of versions: `>=1.2 <2`. Tags that are no versions are not in it. */
  readonly semver?: string;
  /** Of what is left, the highest versions, so many. */
  readonly latest?: number;
}

/** How images are synced. */
export interface SyncSettings {
  /** Which tags of a repository; default all. */
  readonly tags?: TagSelection;
  /** Of indexes, only these images; the index stays as it is. */
  readonly platforms?: readonly Platform[];
  /** Of indexes, the image for this platform, and not the index. */
  readonly platform?: Platform;
  /** What refers to images, too: all, or of these artifact types. */
  readonly referrers?: boolean | readonly string[];
  /** What hangs on images by tags, too: `sha256-....sig`. */
  readonly digestTags?: boolean;
  /** Layers that are kept outside of registries, too. */
  readonly external?: boolean;
  /** What happens to a tag that names something else; default `overwrite`. */
  readonly existing?: "overwrite" | "keep" | "refuse";
  /** Tags that never change, as patterns: one that is there is not looked at again. */
  readonly immutable?: readonly string[];
  /** Stands behind every tag at the destination. */
  readonly suffix?: string;
  /** Puts the whole name of the source behind the destination: `localhost:5000/docker.io/library/debian`. */
  readonly scoped?: boolean;
}

/** One thing to be synced. */
export interface SyncItem extends SyncSettings {
  /** An image, a repository, an OCI layout, or a registry as a whole. */
  readonly source: string;
  /** A repository or image, an OCI layout, or a registry. */
  readonly destination: string;
  /** Of a registry, which repositories. */
  readonly repositories?: NameSelection;
}

/** A sync file. */
export interface SyncFile {
  readonly registries: ReadonlyMap<string, SyncRegistry>;
  /** With what the defaults say. */
  readonly items: readonly SyncItem[];
}
