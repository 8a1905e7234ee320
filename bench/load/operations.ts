import type { Connection } from "./connection.ts";
import { type Content, imageManifest, MANIFEST_TYPE, UniqueContent } from "./content.ts";
import type { BlobReference, ImagesJob, Job, LayersJob, ManifestsJob, MountsJob, RequestsJob } from "./jobs.ts";
import { locationOf, prepareRequest, send } from "./request.ts";

/** What one operation moved. */
export interface Outcome {
  readonly bytes: number;
  readonly digest?: string;
}

/** Does one operation of a job on a connection. */
export type Operation = (connection: Connection, connectionNumber: number, operationNumber: number) => Promise<Outcome>;

/** The operation that a job repeats. */
export function operationOf(job: Job): Operation {
  switch (job.kind) {
    case "requests":
      return requests(job);
    case "layers":
      return layers(job);
    case "blobs": {
      const content = new UniqueContent(job.bytes);
      return (connection) => pushBlob(connection, job.repository, content.next());
    }
    case "images":
      return images(job);
    case "manifests":
      return manifests(job);
    case "mounts":
      return mounts(job);
  }
}

function requests(job: RequestsJob): Operation {
  const prepared = job.requests.map((text) => ({ parts: [Buffer.from(text, "latin1")], isHead: text.startsWith("HEAD ") }));
  return async (connection, _, number) => {
    const request = prepared[number % prepared.length];
    if (request === undefined) throw new Error("Cannot measure requests: there are none");
    const response = await send(connection, request, job.status);
    if (job.bytes !== undefined && response.bytes !== job.bytes) {
      throw new Error(`Cannot measure: a body of ${response.bytes} bytes came, expected ${job.bytes}`);
    }
    return response;
  };
}

/** As docker, podman and skopeo push: open, send the content with PATCH, close with the digest. */
function layers({ bytes, repository }: LayersJob): Operation {
  const content = new UniqueContent(bytes);
  return async (connection) => {
    const { parts, size, digest } = content.next();
    const opened = await send(connection, prepareRequest("POST", `/v2/${repository}/blobs/uploads/`), 202);
    const body = { type: "application/octet-stream", body: parts };
    const sent = await send(connection, prepareRequest("PATCH", locationOf(opened), body), 202);
    await send(connection, prepareRequest("PUT", locationOf(sent, `digest=${digest}`), { body: [] }), 201);
    return { bytes: size, digest };
  };
}

/** As containerd and oras push: open, then everything with the PUT. */
async function pushBlob(connection: Connection, repository: string, { parts, size, digest }: Content): Promise<BlobReference & Outcome> {
  const opened = await send(connection, prepareRequest("POST", `/v2/${repository}/blobs/uploads/`), 202);
  const body = { type: "application/octet-stream", body: parts };
  await send(connection, prepareRequest("PUT", locationOf(opened, `digest=${digest}`), body), 201);
  return { bytes: size, size, digest };
}

async function pushManifest(connection: Connection, repository: string, tag: string, manifest: Content): Promise<Outcome> {
  const body = { type: MANIFEST_TYPE, body: manifest.parts };
  await send(connection, prepareRequest("PUT", `/v2/${repository}/manifests/${tag}`, body), 201);
  return { bytes: manifest.size, digest: manifest.digest };
}

function images({ prefix, configBytes, layerBytes }: ImagesJob): Operation {
  const configs = new UniqueContent(configBytes);
  const layerContent = new UniqueContent(layerBytes);
  return async (connection, connectionNumber) => {
    const repository = `${prefix}${connectionNumber}`;
    const config = await pushBlob(connection, repository, configs.next());
    const layer = await pushBlob(connection, repository, layerContent.next());
    const manifest = imageManifest(config, layer, "");
    const pushed = await pushManifest(connection, repository, `t-${layer.digest.slice(7, 27)}`, manifest);
    return { bytes: config.bytes + layer.bytes + pushed.bytes, digest: manifest.digest };
  };
}

function manifests({ repository, tagPrefix, first, config, layer, same }: ManifestsJob): Operation {
  return (connection, _, number) => {
    const tag = tagPrefix + String(first + number).padStart(6, "0");
    return pushManifest(connection, repository, tag, imageManifest(config, layer, same === true ? "" : tag));
  };
}

function mounts({ from, prefix, digests, first }: MountsJob): Operation {
  return async (connection, _, number) => {
    const digest = digests[(first + number) % digests.length] ?? "";
    const repository = prefix + Math.floor((first + number) / digests.length);
    const path = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${from}`;
    await send(connection, prepareRequest("POST", path), 201);
    return { bytes: 0 };
  };
}
