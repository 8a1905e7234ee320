import { bytesSource, type Descriptor, MEDIA_TYPES, referrersTag, type Target } from "@berth/oci";
import { descriptorOf, readAllVerified } from "@berth/oci/node";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { copySignatures } from "./copy-signatures.ts";

const SIG = "application/vnd.dev.cosign.artifact.sig.v1+json";
const PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json";

async function put(store: Target, mediaType: string, value: object | string): Promise<Descriptor> {
  const bytes = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  const descriptor = descriptorOf(mediaType, bytes);
  await store.push(descriptor, bytesSource(bytes));
  return descriptor;
}

async function subjectIn(store: Target): Promise<Descriptor> {
  const config = await put(store, MEDIA_TYPES.ociConfig, "{}");
  return await put(store, MEDIA_TYPES.ociManifest, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [] });
}

/** Signatures as cosign makes them, one a layer. */
async function sign(store: Target, names: readonly string[], more: object = {}, type: string = MEDIA_TYPES.ociConfig): Promise<Descriptor> {
  const layers: object[] = [];
  for (const name of names) {
    layers.push({ ...(await put(store, PAYLOAD, `payload ${name}`)), annotations: { "dev.cosignproject.cosign/signature": name } });
  }
  const config = { ...(await put(store, MEDIA_TYPES.ociConfig, { rootfs: {}, history: [1], os: "" })), mediaType: type };
  return await put(store, MEDIA_TYPES.ociManifest, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers, ...more });
}

async function read(store: MemoryTarget, descriptor: Descriptor): Promise<Record<string, unknown>> {
  return JSON.parse(Buffer.from(await readAllVerified(await store.fetch(descriptor), descriptor)).toString());
}

test("signatures under the tag of a digest become a referrer, the payloads as they were", async () => {
  const [from, to] = [createMemoryStore(), createMemoryStore()];
  const subject = await subjectIn(from);
  await from.tag(await sign(from, ["a", "b"]), `${referrersTag(subject.digest)}.sig`);
  const [made, ...more] = await copySignatures(from, subject, to, "referrers");
  expect(more).toEqual([]);
  const manifest = await read(to, made ?? expect.fail());
  expect(manifest).toMatchObject({ subject, config: { mediaType: SIG }, layers: [{ mediaType: PAYLOAD }, { mediaType: PAYLOAD }] });
  expect((await Array.fromAsync(to.referrers(subject))).map(({ artifactType }) => artifactType)).toEqual([SIG]);
  expect(await copySignatures(from, subject, to, "referrers")).toEqual([made]); // the same again
});

test("referrers become one manifest under the tag, beside what stands there; and back again they are what they were", async () => {
  const [from, to] = [createMemoryStore(), createMemoryStore()];
  const subject = await subjectIn(from);
  const tag = `${referrersTag(subject.digest)}.sig`;
  await sign(from, ["a"], { subject }, SIG);
  await sign(from, ["b", "c"], { subject }, SIG);
  await sign(from, ["other"], { subject }, "application/vnd.other");
  await to.tag(await sign(to, ["a", "old"]), tag);
  const [made] = await copySignatures(from, subject, to, "tags");
  expect(await to.resolve(tag)).toMatchObject({ digest: made?.digest });
  const manifest = await read(to, made ?? expect.fail());
  expect(manifest).not.toHaveProperty("subject");
  const names = JSON.stringify(manifest).match(/signature":"\w+/g);
  expect(names?.map((name) => name.slice(12)).toSorted()).toEqual(["a", "b", "c", "old"]);
  expect((await copySignatures(from, subject, to, "tags"))[0]).toEqual(made);
  const back = createMemoryStore();
  const [again] = await copySignatures(to, subject, back, "referrers");
  expect(await read(back, again ?? expect.fail())).toMatchObject({ layers: manifest["layers"] });
});

test("what is no signature of cosign is left alone, and nothing is made where there is none", async () => {
  const [from, to] = [createMemoryStore(), createMemoryStore()];
  const subject = await subjectIn(from);
  for (const style of ["referrers", "tags"] as const) expect(await copySignatures(from, subject, to, style)).toEqual([]);
  const tag = `${referrersTag(subject.digest)}.sig`;
  await from.tag(subject, tag);
  expect(await copySignatures(from, subject, to, "referrers")).toEqual([]);
  await from.tag(await put(from, MEDIA_TYPES.ociIndex, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }), tag);
  expect(await copySignatures(from, subject, to, "referrers")).toEqual([]);
  expect(await to.exists(subject)).toBe(false);
});
