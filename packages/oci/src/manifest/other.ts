import type { Descriptor } from "../descriptor.ts";
import { InvalidManifestError } from "../errors.ts";
import { readAnnotations, readArray, readDescriptor, readString } from "./fields.ts";
import { type JsonObject, parseJsonObject } from "./json.ts";
import type { ManifestReference, OtherManifest } from "./manifest.ts";

/**
 * Reads content of an unknown media type. It may be anything; when it is a JSON object shaped like an OCI manifest, what
 * it points at is found, so that it keeps its parts alive and counts as a referrer.
 *
 * @throws {InvalidManifestError} when it is JSON with a `mediaType` of its own that differs, or has too many references.
 */
export function decodeOther(
  raw: Uint8Array,
  mediaType: string,
  limits: { readonly maxDepth: number; readonly maxReferences: number },
): OtherManifest {
  const body = attempt(() => parseJsonObject(raw, limits.maxDepth));
  const bare: OtherManifest = { kind: "other", mediaType, raw, references: [] };
  if (body === undefined) return bare;
  const inBody = body["mediaType"];
  if (typeof inBody === "string" && inBody !== "" && inBody !== mediaType) {
    throw new InvalidManifestError(`mediaType in the body is "${inBody.slice(0, 255)}", the content type is "${mediaType}"`);
  }
  return body["schemaVersion"] === 2 ? { ...bare, ...readOciShape(body, limits.maxReferences) } : bare;
}

function readOciShape(body: JsonObject, limit: number): Partial<OtherManifest> & Pick<OtherManifest, "references"> {
  const config = descriptorOrNone(body["config"]);
  const subject = descriptorOrNone(body["subject"]);
  const artifactType = attempt(() => readString(body["artifactType"], "artifactType"));
  const annotations = attempt(() => readAnnotations(body["annotations"], "annotations"));
  const references: readonly ManifestReference[] = [
    ...(config ? [{ kind: "config" as const, descriptor: config }] : []),
    ...listOrNone("layer", body["layers"], "layers", limit),
    ...listOrNone("child", body["manifests"], "manifests", limit),
    ...listOrNone("blob", body["blobs"], "blobs", limit),
  ];
  return {
    references,
    ...(config && { configMediaType: config.mediaType }),
    ...(subject && { subject }),
    ...(artifactType && { artifactType }),
    ...(annotations && { annotations }),
  };
}

function listOrNone(kind: ManifestReference["kind"], value: unknown, path: string, limit: number): readonly ManifestReference[] {
  if (!Array.isArray(value)) return [];
  return readArray(value, path, limit).flatMap((item) => {
    const descriptor = descriptorOrNone(item);
    return descriptor ? [{ kind, descriptor }] : [];
  });
}

function descriptorOrNone(value: unknown): Descriptor | undefined {
  return attempt(() => readDescriptor(value, "descriptor"));
}

/** The value, or undefined where this lenient reader does not mind that the content is something else. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidManifestError) return undefined;
    throw error;
  }
}
