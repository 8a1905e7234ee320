import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { imageManifest, indexManifest, type ManifestFixture, manifestOf } from "@berth/testkit/images";
import {
  type ScriptedManifests,
  type ScriptedManifestsOptions,
  type ScriptedRegistry,
  type ScriptedReply,
  scriptManifests,
  startScriptedRegistry,
} from "@berth/testkit/scripted";
import { describe, expect, onTestFinished, test } from "vitest";
import { ResponseError } from "../../errors.ts";
import { createConnection } from "../create-connection.ts";
import type { RepositoryOptions } from "../repository-options.ts";
import { createReferrers } from "./create-referrers.ts";
import { ReferrersError, ReferrersIndexError } from "./errors.ts";
import type { Referrers } from "./referrers.ts";

const subject: ManifestFixture = imageManifest();
const TAG = subject.digest.replace(":", "-");
const TAG_PATH = `/v2/team/app/manifests/${TAG}`;
const EMPTY = manifestOf({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }, MEDIA_TYPES.ociIndex);

interface Setup {
  readonly registry: ScriptedRegistry;
  readonly manifests: ScriptedManifests;
  open(options?: RepositoryOptions): Referrers;
}

async function setUp(options?: ScriptedManifestsOptions): Promise<Setup> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  const manifests = scriptManifests(registry, "team/app", options);
  const open = (more?: RepositoryOptions): Referrers => createReferrers(createConnection(registry.host, { plainHttp: true, retry: false }), "team/app", more);
  return { registry, manifests, open };
}

function attachment(name: string): ManifestFixture {
  return imageManifest({ subject: subject.descriptor, artifactType: "application/x.sbom", annotations: { name } });
}

function entry({ descriptor }: ManifestFixture, name: string): Descriptor {
  return { ...descriptor, artifactType: "application/x.sbom", annotations: { name } };
}

function index(manifests: readonly unknown[], more: object = {}): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...more });
}

async function push(referrers: Referrers, manifest: ManifestFixture, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  await referrers.afterPush({ descriptor: manifest.descriptor, bytes: manifest.bytes, headers });
}

function requestsTo(registry: ScriptedRegistry, method: string, path = TAG_PATH): number {
  return registry.requests.filter((request) => request.method === method && request.path === path).length;
}

async function digestsListed(referrers: Referrers): Promise<readonly string[]> {
  return (await referrers.predecessors(subject.descriptor)).map((one) => one.digest);
}

describe("reading", () => {
  test("[client/B-36] without a tag there are no referrers", async () => {
    const { open } = await setUp();
    expect(await open().predecessors(subject.descriptor)).toEqual([]);
  });

  test("[client/B-36] an index over the limit is an error", async () => {
    const { manifests, open } = await setUp();
    manifests.put(TAG, index([entry(attachment("a"), "a")]), MEDIA_TYPES.ociIndex);
    await expect(open({ maxMetadataBytes: 100 }).predecessors(subject.descriptor)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  });

  test("[client/B-36] only an OCI index is believed, and never the subject itself", async () => {
    const { manifests, open } = await setUp();
    const child = { ...attachment("a").descriptor, platform: { architecture: "amd64", os: "linux" } };
    const list = indexManifest([child], { mediaType: MEDIA_TYPES.dockerManifestList });
    manifests.put(TAG, list.bytes, list.mediaType);
    expect(await open().predecessors(subject.descriptor)).toEqual([]);
    const multi = indexManifest([child]);
    manifests.put(multi.digest.replace(":", "-"), multi.bytes, multi.mediaType); // as if the registry took the tag for the digest
    expect(await open().predecessors(multi.descriptor)).toEqual([]);
  });

  test("[client/B-36] entries that cannot be read hide no others", async () => {
    const { manifests, open } = await setUp();
    const good = entry(attachment("a"), "a");
    manifests.put(TAG, index([{}, { mediaType: "x/y", digest: "blake3:00", size: 1 }, good, good]), MEDIA_TYPES.ociIndex);
    expect(await open().predecessors(subject.descriptor)).toEqual([good]);
  });
});

describe("pushing", () => {
  test("[client/B-37,B-33] an attachment is entered with type and annotations, and the old index deleted after the new one stands", async () => {
    const { registry, manifests, open } = await setUp();
    const referrers = open();
    const [a, b] = [attachment("a"), attachment("b")];
    await push(referrers, a);
    expect(referrers.capability).toBe("unsupported");
    expect(manifests.json(TAG)).toEqual({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [entry(a, "a")] });
    const old = manifests.tags.get(TAG);
    registry.requests.length = 0;
    await push(referrers, b);
    expect(manifests.json(TAG)).toMatchObject({ manifests: [entry(a, "a"), entry(b, "b")] });
    expect(registry.journal()).toEqual([`GET ${TAG_PATH}`, `PUT ${TAG_PATH}`, `GET ${TAG_PATH}`, `DELETE /v2/team/app/manifests/${old}`]);
    expect(manifests.byDigest.size).toBe(1);
  });

  test("[client/B-37] the type of an image without artifactType is that of its config", async () => {
    const { manifests, open } = await setUp();
    const image = imageManifest({ subject: subject.descriptor });
    await push(open(), image);
    expect(manifests.json(TAG)).toMatchObject({ manifests: [{ digest: image.digest, artifactType: MEDIA_TYPES.ociEmpty }] });
  });

  test("[client/B-37] an attachment that is listed already causes no PUT", async () => {
    const { registry, open } = await setUp();
    const referrers = open();
    await push(referrers, attachment("a"));
    registry.requests.length = 0;
    await push(referrers, attachment("a"));
    expect(registry.journal()).toEqual([`GET ${TAG_PATH}`]);
  });

  test("[client/B-37] repeated and empty entries are dropped; what nobody here knows is kept as it was", async () => {
    const { manifests, open } = await setUp();
    const [a, b] = [attachment("a"), attachment("b")];
    const known = { ...entry(a, "a"), "x-member": [1] };
    const foreign = { mediaType: "x/y", digest: "blake3:00", size: 1 };
    manifests.put(TAG, index([known, {}, known, foreign], { annotations: { kept: "yes" } }), MEDIA_TYPES.ociIndex);
    await push(open(), b);
    expect(manifests.json(TAG)).toMatchObject({ annotations: { kept: "yes" }, manifests: [known, foreign, entry(b, "b")] });
  });

  test("[client/B-37] skipReferrersGc leaves the old index", async () => {
    const { registry, manifests, open } = await setUp();
    const referrers = open({ skipReferrersGc: true });
    await push(referrers, attachment("a"));
    await push(referrers, attachment("b"));
    expect(registry.journal("DELETE")).toEqual([]);
    expect(manifests.byDigest.size).toBe(2);
  });

  test("[client/B-37] the empty index is never deleted: other subjects may have the same", async () => {
    const { registry, manifests, open } = await setUp();
    manifests.put(TAG, EMPTY.bytes, EMPTY.mediaType);
    manifests.put("sha256-of-another", EMPTY.bytes, EMPTY.mediaType);
    await push(open(), attachment("a"));
    expect(registry.journal("DELETE")).toEqual([]);
    expect(manifests.json("sha256-of-another")).toMatchObject({ manifests: [] });
  });

  test("[client/B-37] manifests without a subject cause no request", async () => {
    const { registry, open } = await setUp();
    await push(open(), subject);
    const list = indexManifest([], { mediaType: MEDIA_TYPES.dockerManifestList, subject: subject.descriptor });
    await push(open(), list); // Docker manifests have no subject
    expect(registry.journal()).toEqual([]);
  });

  test("[client/B-37] a tag that holds something else is left alone", async () => {
    const { registry, manifests, open } = await setUp();
    const other = imageManifest({ annotations: { precious: "yes" } });
    manifests.put(TAG, other.bytes, other.mediaType);
    await expect(push(open(), attachment("a"))).rejects.toThrow(ReferrersIndexError);
    expect(registry.journal("PUT")).toEqual([]);
  });

  test("[client/B-37] a registry that takes the tag for the digest is found out, and the subject not deleted", async () => {
    const { registry, open } = await setUp();
    registry.on("GET", TAG_PATH, { headers: { "content-type": subject.mediaType }, body: subject.bytes });
    await expect(push(open(), attachment("a"))).rejects.toThrow("the registry takes its tag for the digest");
    expect(registry.journal("DELETE")).toEqual([]);
  });

  test("[client/B-39] an old index that cannot be deleted is an error of its own, and the attachment is listed", async () => {
    const { open } = await setUp({ refuseDeletes: true });
    const referrers = open();
    const [a, b] = [attachment("a"), attachment("b")];
    await push(referrers, a);
    const failure: unknown = await push(referrers, b).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ReferrersError);
    expect(failure).toMatchObject({
      isIndexDelete: true,
      operation: "delete-index",
      subject: { digest: subject.digest },
      cause: { status: 405 },
    });
    expect(await digestsListed(referrers)).toEqual([a.digest, b.digest]);
  });

  test("[client/B-39] other failures of the index are plain errors", async () => {
    const { registry, open } = await setUp();
    registry.on("PUT", TAG_PATH, { status: 403 });
    const failure: unknown = await push(open(), attachment("a")).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ResponseError);
  });
});

describe("whether the registry did it", () => {
  const API = `/v2/team/app/referrers/${subject.digest}`;
  const claims = { "oci-subject": subject.digest };

  test("[client/B-33] OCI-Subject is believed once the list shows what was pushed, and then for good", async () => {
    const { registry, open } = await setUp();
    const a = attachment("a");
    registry.on("GET", API, { headers: { "content-type": MEDIA_TYPES.ociIndex }, body: index([entry(a, "a")]) });
    const referrers = open();
    await push(referrers, a, claims);
    expect(referrers.capability).toBe("supported");
    await push(referrers, attachment("b"), claims);
    expect(registry.journal()).toEqual([`GET ${API}?artifactType=application%2Fx.sbom`]);
  });

  test.each([
    ["there is no list", { status: 404 }],
    ["the list stays empty", { headers: { "content-type": MEDIA_TYPES.ociIndex }, body: index([]) }],
    ["the list is a web page", { headers: { "content-type": "text/html" }, body: "<html>" }],
  ])("[client/B-33,B-37] OCI-Subject is not believed when %s", async (_, answer) => {
    const { registry, manifests, open } = await setUp();
    registry.on("GET", API, answer);
    const referrers = open();
    await push(referrers, attachment("a"), claims);
    expect(referrers.capability).toBe("unsupported");
    expect(manifests.json(TAG)).toMatchObject({ manifests: [{ digest: attachment("a").digest }] });
  });

  test("[client/B-33] who may push but not read takes the registry's word", async () => {
    const { registry, manifests, open } = await setUp();
    registry.on("GET", API, { status: 403 });
    const referrers = open();
    await push(referrers, attachment("a"), claims);
    expect([referrers.capability, manifests.json(TAG)]).toEqual(["supported", undefined]);
  });

  test("[client/B-33] a list that answered before is doubted when a push is not in it", async () => {
    const { registry, manifests, open } = await setUp();
    registry.on("GET", API, { headers: { "content-type": MEDIA_TYPES.ociIndex }, body: index([]) });
    const referrers = open();
    expect(await referrers.predecessors(subject.descriptor)).toEqual([]);
    await push(referrers, attachment("a"));
    expect(manifests.json(TAG)).toMatchObject({ manifests: [{ digest: attachment("a").digest }] });
    expect(await digestsListed(referrers)).toEqual([attachment("a").digest]);
  });

  test("[client/B-33,B-34] a capability that was set is not doubted", async () => {
    const { registry, open } = await setUp();
    const referrers = open();
    referrers.setCapability(true);
    await push(referrers, attachment("a"));
    expect(registry.journal()).toEqual([]);
  });
});

describe("deleting", () => {
  test("[client/B-31,B-37] the last attachment takes the index with it, without a new one", async () => {
    const { registry, manifests, open } = await setUp();
    const a = attachment("a");
    manifests.put(a.digest, a.bytes, a.mediaType);
    const old = manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
    await open().beforeDelete(a.descriptor);
    expect(registry.journal()).toEqual([
      `GET /v2/team/app/manifests/${a.digest}`,
      `GET /v2/team/app/referrers/sha256:${"0".repeat(64)}`,
      `GET ${TAG_PATH}`,
      `DELETE /v2/team/app/manifests/${old}`,
      `GET ${TAG_PATH}`,
    ]);
  });

  test("[client/B-37] with skipReferrersGc the last attachment leaves an empty index", async () => {
    const { registry, manifests, open } = await setUp();
    const a = attachment("a");
    manifests.put(a.digest, a.bytes, a.mediaType);
    manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
    await open({ skipReferrersGc: true }).beforeDelete(a.descriptor);
    expect(manifests.json(TAG)).toMatchObject({ manifests: [] });
    expect(registry.journal("DELETE")).toEqual([]);
  });

  test("[client/B-31] an attachment among others is taken out, the others stay", async () => {
    const { manifests, open } = await setUp();
    const [a, b] = [attachment("a"), attachment("b")];
    manifests.put(a.digest, a.bytes, a.mediaType);
    manifests.put(TAG, index([entry(a, "a"), entry(b, "b")]), MEDIA_TYPES.ociIndex);
    await open().beforeDelete(a.descriptor);
    expect(manifests.json(TAG)).toMatchObject({ manifests: [entry(b, "b")] });
  });

  test("[client/B-31] nothing is touched when the registry has the API, or the manifest no subject, or is gone", async () => {
    const { registry, manifests, open } = await setUp();
    manifests.put(subject.digest, subject.bytes, subject.mediaType);
    await open().beforeDelete(subject.descriptor);
    await open().beforeDelete(attachment("gone").descriptor);
    expect(registry.journal()).toHaveLength(2);
    const referrers = open();
    referrers.setCapability(true);
    await referrers.beforeDelete(attachment("a").descriptor);
    expect(registry.journal()).toHaveLength(2);
  });

  test("[client/B-31,B-39] an index that cannot be deleted is reported before the manifest is deleted", async () => {
    const { manifests, open } = await setUp({ refuseDeletes: true });
    const a = attachment("a");
    manifests.put(a.digest, a.bytes, a.mediaType);
    manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
    await expect(open().beforeDelete(a.descriptor)).rejects.toThrow(ReferrersError);
  });
});

describe("at the same time", () => {
  const names = Array.from({ length: 10 }, (_, i) => `n${i}`);

  test("[client/B-38] ten pushes through one object give ten entries by few PUTs", async () => {
    const { registry, manifests, open } = await setUp();
    const referrers = open();
    await Promise.all(names.map((name) => push(referrers, attachment(name))));
    expect(await digestsListed(referrers)).toHaveLength(10);
    expect(requestsTo(registry, "PUT")).toBeLessThanOrEqual(3);
    expect(manifests.byDigest.size).toBe(1);
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
});

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
