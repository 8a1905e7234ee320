import { MANIFEST_TYPE } from "./load/content.ts";
import type { BlobReference, Job, JobResult } from "./load/jobs.ts";
import { formatRequest } from "./load/request.ts";

/** A running server as a row sees it. */
export interface Subject {
  readonly port: number;
  /** Runs a job outside the measurement. */
  readonly prepare: (job: Job) => Promise<JobResult>;
  /** What several rows need is made once for each server. */
  readonly once: (name: string, make: () => Promise<readonly string[]>) => Promise<readonly string[]>;
}

/** Gives the job of the next round, or of the warm-up. */
export type NextJob = (seconds: number) => Job;

/** One line of the table. */
export interface Row {
  readonly id: string;
  readonly work: string;
  readonly unit: "operations/s" | "bytes/s" | "ms";
  /** What it is meant to reach. */
  readonly target: Target;
  /** Measured on ours alone. */
  readonly oursOnly?: boolean;
  /** Files of this many bytes are emptied after each round: a long run would fill the disk otherwise. */
  readonly emptiesFilesOf?: number;
  /** Left out of quick runs. */
  readonly slow?: boolean;
  readonly prepare: (subject: Subject) => Promise<NextJob>;
}

/** What is to be reached, measured against distribution 3.1.1. */
export interface Target {
  /** At least this many times its speed. */
  readonly ratio?: number;
  /** At most this many times its CPU time for the same work. */
  readonly cpuRatio?: number;
  /** How many times faster 3.1.1 was than 2.8.3 when both were measured in one run. */
  readonly v3OverV2?: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const ACCEPT = `${MANIFEST_TYPE}, application/vnd.docker.distribution.manifest.v2+json`;
const ITEMS = 100;
const MANY = 5000;
const FOR_EVER = 600;

/** Every row, in the order of the table. */
export const ROWS: readonly Row[] = [
  {
    id: "manifest-get-tag",
    work: "Manifest GET by tag, 32 connections",
    unit: "operations/s",
    target: { ratio: 5, v3OverV2: 8.9 / 2.2 },
    prepare: (subject) => manifestReads(subject, "GET", "tag"),
  },
  {
    id: "manifest-get-digest",
    work: "Manifest GET by digest, 32 connections",
    unit: "operations/s",
    target: { ratio: 5, v3OverV2: 10 / 2.3 },
    prepare: (subject) => manifestReads(subject, "GET", "digest"),
  },
  {
    id: "manifest-head",
    work: "Manifest HEAD by tag, 32 connections",
    unit: "operations/s",
    target: { ratio: 4, v3OverV2: 7.5 / 1.9 },
    prepare: (subject) => manifestReads(subject, "HEAD", "tag"),
  },
  {
    id: "blob-head",
    work: "Blob HEAD, 32 connections",
    unit: "operations/s",
    target: { ratio: 4 },
    prepare: (subject) => blobReads(subject, "HEAD"),
  },
  {
    id: "blob-get-small",
    work: "Blob GET of 2 KiB, 32 connections",
    unit: "operations/s",
    target: { ratio: 20, v3OverV2: 1.5 / 1.1 },
    prepare: (subject) => blobReads(subject, "GET"),
  },
  {
    id: "blob-get-large",
    work: "Blob GET of 256 MiB, 4 clients",
    unit: "bytes/s",
    target: { ratio: 1, cpuRatio: 1, v3OverV2: 3.5 / 3.7 },
    prepare: largeReads,
  },
  {
    id: "layer-push",
    work: "Push of 32 MiB layers, 4 at a time",
    unit: "bytes/s",
    target: { ratio: 2, cpuRatio: 0.4, v3OverV2: 0.4 / 0.42 },
    emptiesFilesOf: 32 * MIB,
    prepare: layerPushes,
  },
  {
    id: "image-push",
    work: "Push of small images (config, layer, manifest), 16 at a time",
    unit: "operations/s",
    target: { ratio: 5, v3OverV2: 99 / 76 },
    prepare:
      async ({ port }) =>
      (seconds) => ({ kind: "images", port, connections: 16, seconds, prefix: "bench/image", configBytes: KIB, layerBytes: 8 * KIB }),
  },
  {
    id: "mount",
    work: "Cross-repository mounts, 16 connections",
    unit: "operations/s",
    target: { ratio: 4, v3OverV2: 2.1 / 1.1 },
    prepare: mounts,
  },
  {
    id: "manifest-put",
    work: "Manifest PUT by tag into one repository, 16 connections",
    unit: "operations/s",
    target: { ratio: 5, v3OverV2: 890 / 700 },
    prepare: manifestPuts,
  },
  {
    id: "tags-page",
    work: "Tags page of 100 in the middle of 5,000",
    unit: "ms",
    target: { ratio: 5, v3OverV2: 1 },
    prepare: (subject) => tagsPage(subject, MANY),
  },
  {
    id: "manifest-delete",
    work: "Delete one manifest in a repository of 5,000 tags",
    unit: "ms",
    target: { ratio: 50, v3OverV2: 124 / 113 },
    prepare: deletes,
  },
  {
    id: "tags-page-100k",
    work: "Tags page of 100 in the middle of 100,000",
    unit: "ms",
    target: {},
    oursOnly: true,
    slow: true,
    prepare: (subject) => tagsPage(subject, 100_000),
  },
];

async function manifestReads(subject: Subject, method: "GET" | "HEAD", by: "tag" | "digest"): Promise<NextJob> {
  const digests = await subject.once("reads", () => pushManifests(subject, "bench/read", ITEMS));
  const references = by === "digest" ? digests : digests.map((_, number) => tagOf(number));
  return repeat(
    subject,
    32,
    references.map((reference) => formatRequest(method, `/v2/bench/read/manifests/${reference}`, ACCEPT)),
  );
}

async function blobReads(subject: Subject, method: "GET" | "HEAD"): Promise<NextJob> {
  const digests = await subject.once("blobs", () => pushBlobs(subject, "bench/read", 2 * KIB));
  return repeat(
    subject,
    32,
    digests.map((digest) => formatRequest(method, `/v2/bench/read/blobs/${digest}`)),
    method === "HEAD" ? 0 : 2 * KIB,
  );
}

async function largeReads(subject: Subject): Promise<NextJob> {
  const { port } = subject;
  const layer = { kind: "layers", port, connections: 1, seconds: FOR_EVER, limit: 1, repository: "bench/large", bytes: 256 * MIB } as const;
  const { digests } = await subject.prepare(layer);
  return repeat(
    subject,
    4,
    digests.map((digest) => formatRequest("GET", `/v2/bench/large/blobs/${digest}`)),
    256 * MIB,
  );
}

/** Bounded in number too, so that a fast disk holds a round. */
async function layerPushes({ port }: Subject): Promise<NextJob> {
  return (seconds) => ({ kind: "layers", port, connections: 4, seconds, limit: 24, repository: "bench/push", bytes: 32 * MIB });
}

async function mounts(subject: Subject): Promise<NextJob> {
  const digests = await subject.once("blobs", () => pushBlobs(subject, "bench/read", 2 * KIB));
  // No round comes near this many: the next one goes on with repositories of its own.
  const stride = 100_000;
  let first = -stride;
  return (seconds) => {
    first += stride;
    return { kind: "mounts", port: subject.port, connections: 16, seconds, from: "bench/read", prefix: "bench/mount", digests, first };
  };
}

async function manifestPuts(subject: Subject): Promise<NextJob> {
  const { config, layer } = await parts(subject, "bench/put");
  let round = 0;
  return (seconds) => ({
    kind: "manifests",
    port: subject.port,
    connections: 16,
    seconds,
    repository: "bench/put",
    tagPrefix: `r${round++}-`,
    first: 0,
    config,
    layer,
  });
}

/** Each is deleted by digest and has one tag. Few enough that the repository stays what it is called. */
async function deletes(subject: Subject): Promise<NextJob> {
  const digests = await subject.once("many", () => pushManifests(subject, `bench/many${MANY}`, MANY));
  let next = 0;
  const each = 50;
  return (seconds) => {
    const chosen = digests.slice(next, next + each);
    next += each;
    const requests = chosen.map((digest) => formatRequest("DELETE", `/v2/bench/many${MANY}/manifests/${digest}`));
    return { kind: "requests", port: subject.port, connections: 1, seconds, limit: each, requests, status: 202 };
  };
}

async function tagsPage(subject: Subject, tags: number): Promise<NextJob> {
  const repository = `bench/many${tags}`;
  if (tags === MANY) await subject.once("many", () => pushManifests(subject, repository, tags));
  else await subject.once(repository, () => pushManifests(subject, repository, tags, true));
  return repeat(subject, 1, [formatRequest("GET", `/v2/${repository}/tags/list?n=100&last=${tagOf(tags / 2)}`)]);
}

function repeat({ port }: Subject, connections: number, requests: readonly string[], bytes?: number): NextJob {
  const expected = bytes === undefined ? {} : { bytes };
  return (seconds) => ({ kind: "requests", port, connections, seconds, requests, status: 200, ...expected });
}

function tagOf(number: number): string {
  return `v${String(number).padStart(6, "0")}`;
}

async function pushManifests(subject: Subject, repository: string, count: number, same = false): Promise<readonly string[]> {
  const { port } = subject;
  const blobs = await parts(subject, repository);
  const limits = { port, connections: 32, seconds: FOR_EVER, limit: count };
  const { digests } = await subject.prepare({ kind: "manifests", ...limits, repository, tagPrefix: "v", first: 0, same, ...blobs });
  return digests;
}

async function pushBlobs({ port, prepare }: Subject, repository: string, bytes: number, count = ITEMS): Promise<readonly string[]> {
  const { digests } = await prepare({ kind: "blobs", port, connections: 16, seconds: FOR_EVER, limit: count, repository, bytes });
  return digests;
}

async function parts(subject: Subject, repository: string): Promise<{ readonly config: BlobReference; readonly layer: BlobReference }> {
  const [config = ""] = await pushBlobs(subject, repository, KIB, 1);
  const [layer = ""] = await pushBlobs(subject, repository, 8 * KIB, 1);
  return { config: { digest: config, size: KIB }, layer: { digest: layer, size: 8 * KIB } };
}
