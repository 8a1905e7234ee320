import { type IncomingMessage, type ServerResponse } from "node:http";
import { MEDIA_TYPES } from "@berth/oci";
import { imageManifest, type ImageGraph, indexManifest, blobFixture } from "@berth/testkit/images";
import { onTestFinished } from "vitest";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createEngine, type Engine } from "./engine.ts";
import { toEngineError, type EngineError } from "../errors.ts";
import type { EngineOptions } from "./options.ts";

/** An engine that tries everything once and speaks plain HTTP; it ends with the test. */
export function engineWith(options: EngineOptions = {}): Engine {
  const { connection, ...rest } = options;
  const engine = createEngine({
    manager: createTransferManager({ attempts: 1 }),
    connection: { plainHttp: true, retry: false, http: {}, ...connection },
    ...rest,
  });
  onTestFinished(() => engine.close());
  return engine;
}

/** The error that a promise is rejected with; fails when it is none of the engine. */
export async function engineError(promise: Promise<unknown>): Promise<EngineError> {
  try {
    await promise;
  } catch (error) {
    const found = toEngineError(error);
    if (found !== error) throw new Error("Cannot accept error: expected one of the engine", { cause: error });
    return found;
  }
  throw new Error("Cannot accept success: expected an error");
}

/** Answers everything with a status and an error body. */
export function answering(status: number, code?: string): (request: IncomingMessage, response: ServerResponse) => boolean {
  const body = code === undefined ? "no" : JSON.stringify({ errors: [{ code, message: "no" }] });
  return (_, response) => {
    response.writeHead(status, { "content-type": code === undefined ? "text/plain" : "application/json", "content-length": body.length });
    response.end(body);
    return true;
  };
}

/** An index of images for platforms, with what buildx adds when asked for. */
export function platformIndex(
  images: readonly { readonly architecture: string; readonly graph: ImageGraph }[],
  extra: readonly object[] = [],
): ImageGraph {
  const entries = images.map(({ architecture, graph }) => ({ ...graph.manifest.descriptor, platform: { os: "linux", architecture } }));
  const manifest = indexManifest(entries, { extra: { manifests: [...entries, ...extra] } });
  return { manifest, blobs: [], children: images.map(({ graph }) => graph) };
}

/** An artifact with the empty config. */
export function artifactOf(...texts: readonly string[]): ImageGraph {
  const empty = blobFixture(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
  const layers = texts.map((text) => blobFixture("text/plain", Buffer.from(text)));
  const manifest = imageManifest({ layers: layers.map(({ descriptor }) => descriptor), artifactType: "application/vnd.test" });
  return { manifest, blobs: [empty, ...layers], children: [] };
}
