import type { Digest } from "@berth/oci";
import type { BlobInput, ManifestInput } from "../records.ts";

/**
 * What a store should hold, kept in plain maps: slow, simple, and surely right. `commitBlob`, `mountBlob`, `unlinkBlob`, `putManifest`,
 * `deleteManifest`, `setTag`, `deleteTag` and `deleteRepository` are those of `MetadataStore`; `names` are the repositories that it lists, and
 * `find` gives what one of them holds.
 */
export class MetadataModel {
  readonly #repositories = new Map<string, ModelRepository>();

  get names(): string[] {
    return [...this.#repositories].flatMap(([name, { manifests }]) => (manifests.size > 0 ? [name] : [])).toSorted();
  }

  find(repository: string): ModelRepository | undefined {
    return this.#repositories.get(repository);
  }

  deleteRepository(repository: string): boolean {
    return this.#repositories.delete(repository);
  }

  commitBlob({ repository, canonical }: BlobInput): void {
    this.#ensure(repository).blobs.add(canonical);
  }

  mountBlob(repository: string, from: string, digest: Digest): boolean {
    if (this.find(from)?.blobs.has(digest) !== true) return false;
    this.#ensure(repository).blobs.add(digest);
    return true;
  }

  unlinkBlob(repository: string, digest: Digest): boolean {
    return this.find(repository)?.blobs.delete(digest) ?? false;
  }

  putManifest({ repository, digest, references, subject, tags }: ManifestInput): {
    readonly created: boolean;
    readonly missing: readonly Digest[];
  } {
    const held = this.find(repository);
    const missing = references
      .filter(({ kind, required, digest: wanted }) => required && held?.[kind === "child" ? "manifests" : "blobs"].has(wanted) !== true)
      .map((reference) => reference.digest);
    if (missing.length > 0) return { created: false, missing: [...new Set(missing)] };
    const target = this.#ensure(repository);
    const created = !target.manifests.has(digest);
    if (created) target.manifests.set(digest, { subject, names: new Set(references.map((reference) => reference.digest)) });
    for (const tag of new Set(tags)) target.point(tag, digest);
    return { created, missing };
  }

  deleteManifest(repository: string, digest: Digest): readonly string[] | undefined {
    const held = this.find(repository);
    if (held?.manifests.delete(digest) !== true) return undefined;
    const tags = held.tagsOf(digest);
    for (const tag of tags) held.drop(tag);
    return tags;
  }

  setTag(repository: string, tag: string, digest: Digest): boolean {
    const held = this.find(repository);
    if (held?.manifests.has(digest) !== true) return false;
    held.point(tag, digest);
    return true;
  }

  deleteTag(repository: string, tag: string): boolean {
    return this.find(repository)?.drop(tag) ?? false;
  }

  #ensure(repository: string): ModelRepository {
    let held = this.find(repository);
    if (held === undefined) this.#repositories.set(repository, (held = new ModelRepository()));
    return held;
  }
}

/** One repository of the model. */
class ModelRepository {
  readonly blobs: Set<Digest> = new Set();
  /** In the order of their pushes. */
  readonly manifests: Map<Digest, { readonly subject: Digest | undefined; readonly names: ReadonlySet<Digest> }> = new Map();
  readonly tags: Map<string, Digest> = new Map();
  /** Newest last. */
  readonly history: { readonly tag: string; readonly operation: "set" | "delete"; readonly digest: Digest }[] = [];

  tagsOf(digest: Digest): string[] {
    return [...this.tags].flatMap(([tag, target]) => (target === digest ? [tag] : [])).toSorted();
  }

  point(tag: string, digest: Digest): void {
    if (this.tags.get(tag) === digest) return;
    this.tags.set(tag, digest);
    this.history.push({ tag, operation: "set", digest });
  }

  drop(tag: string): boolean {
    const digest = this.tags.get(tag);
    if (digest === undefined) return false;
    this.history.push({ tag, operation: "delete", digest });
    return this.tags.delete(tag);
  }
}
