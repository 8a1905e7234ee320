import { type BlobStore, type Registry, type Repository, parseDigest } from "@berth/oci";
import { describeRegistry, registryCases } from "@berth/oci/testing";
import { describe, expect, test } from "vitest";
import { createRegistry } from "./create-registry.ts";

describeRegistry("in process", {
  describe,
  test,
  async create() {
    const registry = await createRegistry();
    return { registry, dispose: () => registry.close() };
  },
});

/** An object with some of its members replaced. */
function withChanges<T extends object>(whole: T, changes: Partial<T>): T {
  return new Proxy(whole, {
    get(target, key) {
      const value: unknown = Reflect.get(changes, key) ?? Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const other = { mediaType: "application/octet-stream", digest: parseDigest(`sha256:${"0".repeat(64)}`), size: 1 };

/** Mistakes that a registry could make: in its blobs, or in the rest of a repository. */
const MISTAKES: Readonly<
  Record<string, { readonly blobs?: (blobs: BlobStore) => Partial<BlobStore>; readonly rest?: (whole: Repository) => Partial<Repository> }>
> = {
  "mounts what nobody has": { blobs: () => ({ mount: async () => true }) },
  "describes any blob": { blobs: () => ({ stat: async () => other }) },
  "ignores the offset": { blobs: (blobs) => ({ fetch: (target) => blobs.fetch(target) }) },
  "deletes what is not there": { blobs: () => ({ delete: async () => undefined }) },
  "never has anything": { blobs: () => ({ exists: async () => false }) },
  "finds no predecessors": { rest: () => ({ predecessors: async () => [] }) },
  "ignores the artifact type": { rest: (whole) => ({ referrers: (subject) => whole.referrers(subject) }) },
  "keeps its tags": { rest: () => ({ untag: async () => undefined }) },
};

test.each(Object.entries(MISTAKES))("the contract notices a registry that %s", async (_, { blobs, rest }) => {
  const failures = await Promise.all(
    registryCases.map(async (one) => {
      const whole = await createRegistry();
      const repository = (name: string): Repository => {
        const inner: Repository = whole.repository(name);
        return withChanges(inner, { ...rest?.(inner), ...(blobs && { blobs: withChanges(inner.blobs, blobs(inner.blobs)) }) });
      };
      const registry: Registry = { repository, repositories: (options) => whole.repositories(options) };
      try {
        await one.run(registry);
        return [];
      } catch {
        return [one.title]; // what the suite is for
      } finally {
        await whole.close();
      }
    }),
  );
  expect(failures.flat()).not.toEqual([]);
});
