import { type Annotations, type Descriptor, isJsonObject, type JsonObject, parseJsonObject } from "@berth/oci";

declare global {
  // ECMAScript's "JSON.parse source text access", which Node has and the libraries of TypeScript do not name yet.
  interface JSON {
    parse(text: string, reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/** Numbers that JavaScript might write otherwise than they were read. */
const UNSAFE_NUMBER = /[0-9]{16}|[0-9][.eE]|-0/;

/**
 * Parses a manifest or config that is to be changed: every member survives, and every number as it was written.
 *
 * @throws {InvalidManifestError} when it is no JSON object.
 */
export function parseDocument(bytes: Uint8Array): JsonObject {
  const plain = parseJsonObject(bytes);
  const text = new TextDecoder().decode(bytes);
  if (!UNSAFE_NUMBER.test(text)) return plain;
  const exact = JSON.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && source !== String(value) ? JSON.rawJSON(source) : value,
  );
  return isJsonObject(exact) ? exact : plain;
}

/** Members that are maps to Go, which writes maps by name. Objects of JavaScript cannot hold that order: numbers come first there. */
const MAPS: ReadonlySet<string> = new Set(["annotations", "Labels", "ExposedPorts", "Volumes"]);

/**
 * Writes JSON as programs in Go do, so that equal documents have equal digests whoever wrote them: no spaces, annotations, labels, ports and
 * volumes by name, other members as they come, those that are undefined left out, and `<`, `>` and `&` escaped.
 *
 * @see Go, encoding/json.Marshal
 */
export function formatDocument(document: JsonObject): Uint8Array {
  const text = stringify("", document).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return new TextEncoder().encode(text);
}

function stringify(name: string, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => stringify("", item)).join(",")}]`;
  if (!isJsonObject(value) || JSON.isRawJSON(value)) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (MAPS.has(name)) members.sort(([a], [b]) => byBytes(a, b));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${stringify(key, member)}`).join(",")}}`;
}

/** By the bytes of UTF-8, which is how Go sorts the keys of maps. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A map that is left out when it is empty. */
export function unlessEmpty(map: Annotations | undefined): Annotations | undefined {
  return map === undefined || Object.keys(map).length === 0 ? undefined : map;
}

/** A descriptor as it is written: its members in the order of the specification's own types, empty ones left out. */
export function descriptorDocument(descriptor: Descriptor): JsonObject {
  const { mediaType, digest, size, urls, annotations, data, platform, artifactType } = descriptor;
  return {
    mediaType,
    digest,
    size,
    urls: urls?.length === 0 ? undefined : urls,
    annotations: unlessEmpty(annotations),
    data: data === "" ? undefined : data,
    platform: platform && {
      architecture: platform.architecture,
      os: platform.os,
      "os.version": platform["os.version"] || undefined,
      "os.features": platform["os.features"]?.length === 0 ? undefined : platform["os.features"],
      variant: platform.variant || undefined,
      features: platform.features?.length === 0 ? undefined : platform.features,
    },
    artifactType: artifactType || undefined,
  };
}

/** Media type, digest and size alone: what names content, without what was said about it elsewhere. */
export function plainDescriptor({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

/** The descriptor with these annotations in place of its own. */
export function withAnnotations(descriptor: Descriptor, annotations: Annotations | undefined): Descriptor {
  const { annotations: _, ...rest } = descriptor;
  return unlessEmpty(annotations) === undefined ? rest : { ...rest, annotations: annotations ?? {} };
}
