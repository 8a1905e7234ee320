import { type Descriptor, isRepositoryName } from "@berth/oci";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_JSON, imageManifest, indexManifest } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, startRegistry } from "../testing/harness.test-kit.ts";
import type { Reply } from "../testing/reply.test-kit.ts";

const tags = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}$/), { minLength: 1, maxLength: 30 });
const names = fc.uniqueArray(fc.stringMatching(/^[a-c](([._]|__|-{1,2}|\/)[a-c0-9]){0,4}$/).filter(isRepositoryName), {
  minLength: 1,
  maxLength: 20,
});

/** Follows the Links from a first page on. */
async function follow(
  server: RegistryServer,
  first: string,
  itemsOf: (json: unknown) => readonly string[],
  limit: number,
): Promise<readonly string[]> {
  const seen: string[] = [];
  let path: string | undefined = first;
  while (path !== undefined) {
    const reply: Reply = await server.call("GET", path);
    expect(reply.status, path).toBe(200);
    const items = itemsOf(reply.json);
    expect(items.length).toBeLessThanOrEqual(limit);
    const next: string | undefined = /^<([^>]*)>; rel="next"$/.exec(reply.headers["link"]?.toString() ?? "")?.[1];
    if (next !== undefined) expect(items).toHaveLength(limit); // a page with more behind it is full
    seen.push(...items);
    path = next;
  }
  return seen;
}

const sorted = (items: readonly string[]): readonly string[] => [...items].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

test("[server/Z1,O25,SQ25] pages of tags are the whole set, once, in byte order, from anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(tags, fc.integer({ min: 1, max: 8 }), fc.string({ maxLength: 6 }), async (all, limit, last) => {
      const server = await startRegistry();
      try {
        const index = indexManifest([]);
        await server.registry.repository("a").manifests.put(index.bytes, index.mediaType, { tags: all });
        const itemsOf = (json: unknown): readonly string[] => (json as { tags: readonly string[] }).tags;
        expect(await follow(server, `/v2/a/tags/list?n=${limit}`, itemsOf, limit)).toEqual(sorted(all));
        const behind = sorted(all).filter((tag) => Buffer.compare(Buffer.from(tag), Buffer.from(last)) > 0);
        expect(await follow(server, `/v2/a/tags/list?n=${limit}&last=${encodeURIComponent(last)}`, itemsOf, limit)).toEqual(behind);
      } finally {
        await server.close();
      }
    }),
    { numRuns: 40 },
  );
});

test("[server/Z3,Z4,SQ25] pages of the catalog are the whole set, once, in byte order", async () => {
  await fc.assert(
    fc.asyncProperty(names, fc.integer({ min: 1, max: 8 }), async (all, limit) => {
      const server = await startRegistry();
      try {
        const index = indexManifest([]);
        for (const name of all) await server.registry.repository(name).manifests.put(index.bytes, index.mediaType, { tags: [] });
        const itemsOf = (json: unknown): readonly string[] => (json as { repositories: readonly string[] }).repositories;
        expect(await follow(server, `/v2/_catalog?n=${limit}`, itemsOf, limit)).toEqual(sorted(all));
      } finally {
        await server.close();
      }
    }),
    { numRuns: 40 },
  );
});

test("[server/O8] pages of referrers are the whole set, once, with and without a filter", async () => {
  const types = fc.array(fc.constantFrom("application/x", "application/y"), { minLength: 0, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(types, fc.integer({ min: 1, max: 5 }), async (all, limit) => {
      const server = await startRegistry({ limits: { maxReferrers: limit } });
      try {
        await server.pushBlob("a", EMPTY_JSON);
        const subject = imageManifest().descriptor;
        const referrers = all.map((artifactType, n) => imageManifest({ subject, artifactType, annotations: { n: String(n) } }));
        for (const referrer of referrers) await server.pushManifest("a", referrer.digest, referrer);
        const list = async (artifactType?: string): Promise<readonly string[]> => {
          const found: string[] = [];
          const options = artifactType === undefined ? {} : { artifactType };
          for await (const page of server.registry.repository("a").referrers(subject, options).pages()) {
            expect(page.length).toBeLessThanOrEqual(limit);
            found.push(...page.map(({ digest }) => digest));
          }
          return found;
        };
        expect(await list()).toEqual(referrers.map(({ digest }) => digest));
        const filtered = referrers.filter((_, n) => all[n] === "application/x").map(({ digest }) => digest);
        expect(await list("application/x")).toEqual(filtered);
        const digestsOf = (json: unknown): readonly string[] =>
          (json as { manifests: readonly Descriptor[] }).manifests.map(({ digest }) => digest);
        const path = `/v2/a/referrers/${subject.digest}`;
        expect(await follow(server, path, digestsOf, limit)).toEqual(referrers.map(({ digest }) => digest));
        expect(await follow(server, `${path}?artifactType=application/x`, digestsOf, limit)).toEqual(filtered);
      } finally {
        await server.close();
      }
    }),
    { numRuns: 20 },
  );
});
