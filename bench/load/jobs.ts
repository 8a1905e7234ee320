/** What every job says: where, how many at once, and when to stop. */
interface JobLimits {
  /** Of the server, on 127.0.0.1. */
  readonly port: number;
  /** Each carries one request at a time. */
  readonly connections: number;
  /** No operation starts after this many seconds; what has started is finished and counted. */
  readonly seconds: number;
  /** No more operations than this. */
  readonly limit?: number;
}

/** The same requests over and over, in turn over all connections. */
export interface RequestsJob extends JobLimits {
  readonly kind: "requests";
  /** Whole requests as they go over the wire. */
  readonly requests: readonly string[];
  /** The only status that counts as success. */
  readonly status: number;
  /** The only length of a body that does; any unless given. */
  readonly bytes?: number;
}

/** Layers of one size, each with content of its own: POST, PATCH, PUT. */
export interface LayersJob extends JobLimits {
  readonly kind: "layers";
  readonly repository: string;
  readonly bytes: number;
}

/** Small blobs that are there to be read later: POST, then PUT with the content. */
export interface BlobsJob extends JobLimits {
  readonly kind: "blobs";
  readonly repository: string;
  readonly bytes: number;
}

/** Whole images, each a config, a layer and a manifest with a tag of its own; every connection has its own repository. */
export interface ImagesJob extends JobLimits {
  readonly kind: "images";
  readonly prefix: string;
  readonly configBytes: number;
  readonly layerBytes: number;
}

/** Manifests that share one config and one layer, each pushed under a tag of its own. */
export interface ManifestsJob extends JobLimits {
  readonly kind: "manifests";
  readonly repository: string;
  /** Tags are this and a number of six digits. */
  readonly tagPrefix: string;
  /** Number of the first tag. */
  readonly first: number;
  readonly config: BlobReference;
  readonly layer: BlobReference;
  /** One manifest under all tags, instead of a new one for each. */
  readonly same?: boolean;
}

/** Blobs of one repository mounted into others; no pair of blob and repository twice. */
export interface MountsJob extends JobLimits {
  readonly kind: "mounts";
  readonly from: string;
  readonly prefix: string;
  readonly digests: readonly string[];
  /** Number of the first pair. */
  readonly first: number;
}

/** A blob that a manifest names. */
export interface BlobReference {
  readonly digest: string;
  readonly size: number;
}

/** Work for the load generator. */
export type Job = RequestsJob | LayersJob | BlobsJob | ImagesJob | ManifestsJob | MountsJob;

/** What came of a {@link Job}. */
export interface JobResult {
  readonly operations: number;
  /** Content sent and received, without headers. */
  readonly bytes: number;
  /** From the first request to the last response; connecting is not in it. */
  readonly seconds: number;
  /** Used by the load generator itself. */
  readonly cpuSeconds: number;
  /** Digests of what was pushed, in the order of completion; the first 10,000. */
  readonly digests: readonly string[];
}
