import type { Descriptor } from "../descriptor.ts";
import type { Manifest } from "./manifest.ts";

/**
 * What a manifest points at, as the nodes of a graph are walked: the subject first, then config and layers, children, or blobs. Nothing for
 * kinds that name no sizes or have no meaning: schema 1 and others.
 *
 * @see oras-go, content.Successors
 */
export function successorsOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === "schema1" || manifest.kind === "other") return [];
  const parts = manifest.references.map(({ descriptor }) => descriptor);
  return manifest.subject === undefined ? parts : [manifest.subject, ...parts];
}

/** The layers of an image, bottom first. Schema 1 lists its own the other way round, and without sizes. Nothing for other kinds. */
export function layersOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === "image") return manifest.layers;
  return manifest.kind === "schema1" ? manifest.references.map(({ descriptor }) => descriptor).toReversed() : [];
}
