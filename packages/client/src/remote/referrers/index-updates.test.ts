import { MEDIA_TYPES } from "@berth/oci";
import type { ScriptedManifests, ScriptedRegistry, ScriptedReply } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { createConnection } from "../create-connection.ts";
import { createReferrers } from "./create-referrers.ts";
import { attachment, digestsListed, entry, index, push, setUp, TAG, TAG_PATH } from "./referrers.test-kit.ts";

const names = Array.from({ length: 10 }, (_, i) => `n${i}`);

test("[client/B-38] ten pushes through one object give ten entries by few PUTs", async () => {
  const { registry, manifests, open } = await setUp();
  const referrers = open();
  await Promise.all(names.map((name) => push(referrers, attachment(name))));
  expect(await digestsListed(referrers)).toHaveLength(10);
  expect(requestsTo(registry, "PUT")).toBeLessThanOrEqual(3);
  expect(manifests.byDigest.size).toBe(1);
});

test("[client/B-38] pushes through several objects over one connection are merged as well", async () => {
  const { registry, manifests } = await setUp();
  const connection = createConnection(registry.host, { plainHttp: true, retry: false });
  await Promise.all(names.map((name) => push(createReferrers(connection, "team/app"), attachment(name))));
  expect(await digestsListed(createReferrers(connection, "team/app"))).toHaveLength(10);
  expect(requestsTo(registry, "PUT")).toBeLessThanOrEqual(3);
  expect(manifests.byDigest.size).toBe(1);
});

test("[client/B-38,B-37] objects with other options write one after the other, each as it was told", async () => {
  const { registry, manifests } = await setUp();
  const connection = createConnection(registry.host, { plainHttp: true, retry: false });
  const keeping = createReferrers(connection, "team/app", { skipReferrersGc: true });
  await Promise.all([push(keeping, attachment("a")), push(createReferrers(connection, "team/app"), attachment("b"))]);
  expect(await digestsListed(keeping)).toHaveLength(2);
  expect(requestsTo(registry, "PUT")).toBe(2);
  expect(manifests.byDigest.size).toBe(1); // the second one deletes what it replaced
});

test("[client/B-38] a change that others undid is made again, and theirs kept", async () => {
  const { registry, manifests, open } = await setUp();
  const stranger = attachment("stranger");
  registry.on("PUT", TAG_PATH, (request) => {
    manifests.put("ours", request.body, MEDIA_TYPES.ociIndex);
    manifests.put(TAG, index([entry(stranger, "stranger")]), MEDIA_TYPES.ociIndex); // wrote last, having read before us
    scriptManifestsAgain(registry, manifests);
    return { status: 201 };
  });
  const referrers = open();
  await push(referrers, attachment("a"));
  expect(new Set(await digestsListed(referrers))).toEqual(new Set([stranger.digest, attachment("a").digest]));
});

test("[client/B-38] others who read before we wrote are given the time to write before we look", async () => {
  const { registry, manifests, open } = await setUp();
  const stranger = attachment("stranger");
  registry.on("PUT", TAG_PATH, (request) => {
    manifests.put(TAG, request.body, MEDIA_TYPES.ociIndex);
    setTimeout(() => manifests.put(TAG, index([entry(stranger, "stranger")]), MEDIA_TYPES.ociIndex), 5);
    scriptManifestsAgain(registry, manifests);
    return { status: 201 };
  });
  const referrers = open();
  await push(referrers, attachment("a"));
  expect(new Set(await digestsListed(referrers))).toEqual(new Set([stranger.digest, attachment("a").digest]));
});

test("[client/B-38] If-Match is sent when the registry gives an ETag, and 412 leads to another round", async () => {
  const { registry, manifests, open } = await setUp({ entityTags: true });
  const [a, b, c] = [attachment("a"), attachment("b"), attachment("c")];
  manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
  let raced = false;
  registry.on("GET", TAG_PATH, () => {
    const reply = tagReply(manifests);
    if (!raced) manifests.put(TAG, index([entry(a, "a"), entry(b, "b")]), MEDIA_TYPES.ociIndex); // between our GET and our PUT
    raced = true;
    return reply;
  });
  await push(open(), c);
  const sent = registry.requests.filter((request) => request.method === "PUT").map((request) => request.headers["if-match"]);
  expect(sent).toHaveLength(2);
  expect(sent.every((value) => value?.startsWith('"sha256:'))).toBe(true);
  expect(manifests.json(TAG)).toMatchObject({ manifests: [entry(a, "a"), entry(b, "b"), entry(c, "c")] });
});

test("[client/B-38] a registry that refuses every change is given up after some rounds, and nothing is deleted", {
  timeout: 20_000,
}, async () => {
  const { registry, manifests, open } = await setUp({ entityTags: true });
  manifests.put(TAG, index([entry(attachment("a"), "a")]), MEDIA_TYPES.ociIndex);
  registry.on("PUT", TAG_PATH, { status: 412 });
  const failed = push(open(), attachment("b"));
  await expect(failed).rejects.toMatchObject({ code: "ERR_REFERRERS_INDEX", retryable: true });
  expect([requestsTo(registry, "PUT"), registry.journal("DELETE")]).toEqual([50, []]);
});

test("[client/B-38] a weak ETag, which can never match, is not sent", async () => {
  const { registry, manifests, open } = await setUp();
  manifests.put(TAG, index([entry(attachment("a"), "a")]), MEDIA_TYPES.ociIndex);
  registry.on("GET", TAG_PATH, () => {
    const reply = tagReply(manifests);
    return { ...reply, headers: { ...reply.headers, etag: `W/"${manifests.tags.get(TAG)}"` } };
  });
  registry.on("PUT", TAG_PATH, ({ headers, body }) => {
    if (headers["if-match"] !== undefined) return { status: 412 };
    manifests.put(TAG, body, MEDIA_TYPES.ociIndex);
    return { status: 201 };
  });
  await push(open(), attachment("b"));
  expect(requestsTo(registry, "PUT")).toBe(1);
});

test("[client/B-38] two objects lose nothing to each other", async () => {
  const { open } = await setUp();
  const [left, right] = [open(), open()];
  await Promise.all(names.map((name, i) => push(i % 2 === 0 ? left : right, attachment(name))));
  expect(await digestsListed(open())).toHaveLength(10);
});

test("[client/B-38] a caller that leaves does not take the others' changes along", async () => {
  const { registry, manifests, open } = await setUp();
  const gate = Promise.withResolvers<void>();
  registry.on("GET", TAG_PATH, { status: 404, after: gate.promise }, () => tagReply(manifests));
  const referrers = open();
  referrers.setCapability(false);
  const leaving = new AbortController();
  const [a, b] = [attachment("a"), attachment("b")];
  const left = referrers.afterPush({ descriptor: a.descriptor, bytes: a.bytes, headers: {} }, { signal: leaving.signal });
  const stays = push(referrers, b);
  const reason = new Error("enough");
  leaving.abort(reason);
  await expect(left).rejects.toBe(reason);
  gate.resolve();
  await stays;
  expect(manifests.json(TAG)).toMatchObject({ manifests: expect.arrayContaining([entry(b, "b")]) });
});

function requestsTo(registry: ScriptedRegistry, method: string, path = TAG_PATH): number {
  return registry.requests.filter((request) => request.method === method && request.path === path).length;
}

/** What stands under the tag, as the registry would answer. */
function tagReply(manifests: ScriptedManifests): ScriptedReply {
  const digest = manifests.tags.get(TAG) ?? "";
  const found = manifests.byDigest.get(digest);
  return { headers: { "content-type": found?.mediaType ?? "", etag: `"${digest}"` }, body: found?.bytes ?? new Uint8Array() };
}

/** Lets the registry be itself again, over what it holds. */
function scriptManifestsAgain(registry: ScriptedRegistry, manifests: ScriptedManifests): void {
  registry.on("PUT", TAG_PATH, (request) => {
    manifests.put(TAG, request.body, MEDIA_TYPES.ociIndex);
    return { status: 201 };
  });
}
