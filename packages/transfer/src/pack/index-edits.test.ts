import { type Descriptor, type Digest, InvalidManifestError, MEDIA_TYPES, type Platform, UnsupportedError } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { formatDocument, parseDocument } from "./document.ts";
import { IndexEntryUnknownError } from "./errors.ts";
import { editIndexDocument, emptyIndexDocument, indexEntries, type IndexEdits } from "./index-edits.ts";

const amd64: Platform = { os: "linux", architecture: "amd64" };
const arm64: Platform = { os: "linux", architecture: "arm64" };
const nowhere: Platform = { os: "unknown", architecture: "unknown" };
const about = (digest: string) => ({ "vnd.docker.reference.digest": digest, "vnd.docker.reference.type": "attestation-manifest" });
const entry = (text: string, more: Partial<Descriptor> = {}): Descriptor => ({
  ...descriptorOf(MEDIA_TYPES.ociManifest, Buffer.from(text)),
  ...more,
});
const a = entry("a", { platform: amd64 });
const b = entry("b", { platform: arm64 });
const ofA = entry("sbom of a", { platform: nowhere, annotations: about(a.digest) });
const ofB = entry("sbom of b", { platform: nowhere, annotations: about(b.digest) });

const start = parseDocument(
  Buffer.from(
    JSON.stringify({
      x: 12,
      mediaType: MEDIA_TYPES.ociIndex,
      schemaVersion: 2,
      manifests: [{ ...a, "x.y": [1] }, b, ofA, ofB],
      annotations: null,
    }),
  ),
);

function edited(edits: IndexEdits, mediaType: string = MEDIA_TYPES.ociIndex) {
  return editIndexDocument(start, mediaType, edits);
}

function digests(edits: IndexEdits): readonly Digest[] {
  return indexEntries(edited(edits), MEDIA_TYPES.ociIndex).map(({ digest }) => digest);
}

test("editIndexDocument() takes entries out by digest or platform, with what is attached to them", () => {
  expect(digests({ remove: [a.digest] })).toEqual([b.digest, ofB.digest]);
  expect(digests({ remove: [{ os: "linux", architecture: "aarch64" }] })).toEqual([a.digest, ofA.digest]);
  expect(digests({ remove: [ofA.digest] })).toEqual([a.digest, b.digest, ofB.digest]);
  expect(digests({ remove: [amd64, b.digest] })).toEqual([]);
  for (const remove of [[digestOf("none")], [{ os: "windows", architecture: "amd64" }]])
    expect(() => edited({ remove })).toThrow(IndexEntryUnknownError);
});

test("editIndexDocument() keeps the entries for platforms, with what is attached to them", () => {
  expect(digests({ keepPlatforms: [arm64] })).toEqual([b.digest, ofB.digest]);
  expect(digests({ keepPlatforms: [arm64, { os: "plan9", architecture: "386" }] })).toEqual([b.digest, ofB.digest]);
  expect(() => edited({ keepPlatforms: [{ os: "plan9", architecture: "386" }] })).toThrow(IndexEntryUnknownError);
});

test("editIndexDocument() adds entries at the end, and puts one that is there in its place", () => {
  const c = entry("c");
  expect(digests({ add: [c] })).toEqual([a.digest, b.digest, ofA.digest, ofB.digest, c.digest]);
  const again = edited({ add: [{ ...a, annotations: { k: "v" } }] });
  expect(indexEntries(again, MEDIA_TYPES.ociIndex)[0]).toEqual({ ...a, annotations: { k: "v" } });
  expect(digests({ add: [{ ...a, platform: arm64 }] })).toHaveLength(5);
});

test("editIndexDocument() changes annotations, subject and type, and leaves what nobody named", () => {
  const subject = entry("subject");
  const document = edited({
    annotations: { b: "2", a: "1", gone: null },
    entryAnnotations: [{ entry: a.digest, annotations: { n: "m" } }],
    subject,
    artifactType: "a/b",
  });
  expect(new TextDecoder().decode(formatDocument(document))).toBe(
    `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociIndex}","artifactType":"a/b","manifests":[` +
      `${JSON.stringify({ ...a, "x.y": [1], annotations: { n: "m" } })},${JSON.stringify(b)},${JSON.stringify(ofA)},${JSON.stringify(ofB)}],` +
      `"subject":${JSON.stringify(subject)},"annotations":{"a":"1","b":"2"},"x":12}`,
  );
  const back = editIndexDocument(parseDocument(formatDocument(document)), MEDIA_TYPES.ociIndex, {
    annotations: { a: null, b: null },
    entryAnnotations: [{ entry: amd64, annotations: { n: null } }],
    subject: null,
    artifactType: null,
  });
  expect(Object.keys(back)).toEqual(["schemaVersion", "mediaType", "manifests", "x"]);
  expect(() => edited({ entryAnnotations: [{ entry: { os: "x", architecture: "y" }, annotations: {} }] })).toThrow(IndexEntryUnknownError);
});

test("editIndexDocument() gives the very document when nothing changes", () => {
  const noEdits: readonly IndexEdits[] = [
    {},
    { annotations: {} },
    { annotations: { gone: null } },
    { subject: null, artifactType: null },
    { entryAnnotations: [{ entry: a.digest, annotations: { gone: null } }] },
    { keepPlatforms: [amd64, arm64] },
  ];
  for (const edits of noEdits) expect(edited(edits)).toBe(start);
});

test("editIndexDocument() holds Docker lists to their rules", () => {
  const docker = (edits: IndexEdits) =>
    editIndexDocument(emptyIndexDocument(MEDIA_TYPES.dockerManifestList), MEDIA_TYPES.dockerManifestList, edits);
  expect(docker({ add: [a] })["manifests"]).toHaveLength(1);
  expect(() => docker({ add: [entry("no platform")] })).toThrow(InvalidManifestError);
  for (const edits of [{ subject: a }, { artifactType: "a/b" }, { annotations: { k: "v" } }])
    expect(() => docker(edits)).toThrow(UnsupportedError);
  expect(() => editIndexDocument({ manifests: 1 }, MEDIA_TYPES.ociIndex, {})).toThrow(InvalidManifestError);
});
