import { MEDIA_TYPES } from "../media-types.ts";
import type { JsonObject } from "./json.ts";

/**
 * Tells the media type of a manifest whose type was lost: what the body says, else what its members say.
 * Undefined when nothing fits.
 */
export function sniffMediaType(body: JsonObject): string | undefined {
  const declared = body["mediaType"];
  if (typeof declared === "string" && declared !== "") return declared;
  if (Array.isArray(body["manifests"])) return MEDIA_TYPES.ociIndex;
  if (body["schemaVersion"] === 1) return Array.isArray(body["signatures"]) ? MEDIA_TYPES.dockerSchema1Signed : MEDIA_TYPES.dockerSchema1;
  if (body["layers"] !== undefined || body["config"] !== undefined) return MEDIA_TYPES.ociManifest;
  return undefined;
}
