/** Where a value came from: a place in the file, or the name of a variable or flag. */
export interface ConfigSource {
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** The variable or flag, when it is from none of the file's places. */
  readonly origin?: string;
}

/** A scalar keeps its text: whether `0.1` is a word or a number is for the schema to say. */
export interface ScalarNode {
  readonly kind: "scalar";
  /** As it is written, without quotes. */
  readonly text: string;
  /** Written in quotes, so never a number or a boolean. */
  readonly quoted: boolean;
  /** What YAML makes of it. */
  readonly value: unknown;
  readonly source: ConfigSource;
}

/** An empty value: `http:` with nothing after it. */
export interface NullNode {
  readonly kind: "null";
  readonly source: ConfigSource;
}

/** A sequence. Variables may append to it. */
export interface ListNode {
  readonly kind: "list";
  readonly items: ConfigNode[];
  readonly source: ConfigSource;
}

/** A mapping. Variables may add to it. */
export interface MapNode {
  readonly kind: "map";
  readonly entries: Map<string, MapEntry>;
  readonly source: ConfigSource;
}

/** A key, where it stands, and its value. */
export interface MapEntry {
  readonly source: ConfigSource;
  readonly node: ConfigNode;
}

/** The configuration as written, before anything is known of what it means. */
export type ConfigNode = NullNode | ScalarNode | ListNode | MapNode;

/** Makes a node of plain data, such as a flag's value. */
export function nodeFrom(value: unknown, source: ConfigSource): ConfigNode {
  if (value === null || value === undefined) return { kind: "null", source };
  if (Array.isArray(value)) return { kind: "list", items: value.map((item) => nodeFrom(item, source)), source };
  if (typeof value === "object") {
    return {
      kind: "map",
      entries: new Map(Object.entries(value).map(([key, item]) => [key, { source, node: nodeFrom(item, source) }])),
      source,
    };
  }
  const text = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
  return { kind: "scalar", text, quoted: false, value, source };
}

/** The plain data of a node. */
export function plainValue(node: ConfigNode): unknown {
  switch (node.kind) {
    case "null":
      return null;
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plainValue);
    case "map":
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.node)]));
  }
}

/** The node at a path, and the source of the nearest thing to it that exists, key before value. */
export function lookUp(
  root: ConfigNode,
  path: readonly string[],
): { readonly node: ConfigNode | undefined; readonly source: ConfigSource } {
  let node: ConfigNode | undefined = root;
  let source = root.source;
  for (const part of path) {
    const entry: MapEntry | undefined = node.kind === "map" ? node.entries.get(part) : undefined;
    const item: ConfigNode | undefined = node.kind === "list" ? node.items[Number(part)] : undefined;
    const next: ConfigNode | undefined = entry?.node ?? item;
    if (next === undefined) return { node: undefined, source };
    source = next.kind === "scalar" ? next.source : (entry?.source ?? next.source);
    node = next;
  }
  return { node, source };
}

/** Sets the value at a path of mappings, making those that are missing and replacing what is no mapping. */
export function setPath(root: MapNode, path: readonly string[], node: ConfigNode): void {
  let at = root;
  for (const part of path.slice(0, -1)) {
    const below: ConfigNode | undefined = at.entries.get(part)?.node;
    const next: MapNode = below?.kind === "map" ? below : { kind: "map", entries: new Map(), source: node.source };
    if (next !== below) at.entries.set(part, { source: node.source, node: next });
    at = next;
  }
  at.entries.set(path.at(-1) ?? "", { source: node.source, node });
}

/** Turns `storage: inmemory` into `storage: {inmemory: }`. */
export function expandBareWord(node: ScalarNode): MapNode {
  return {
    kind: "map",
    entries: new Map([[node.text, { source: node.source, node: { kind: "null", source: node.source } }]]),
    source: node.source,
  };
}
