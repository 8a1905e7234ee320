import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from "yaml";
import type { ConfigIssue } from "./issues.ts";
import type { ConfigNode, ConfigSource, MapEntry } from "./tree.ts";

/** Aliases may repeat nodes; no honest configuration has this many. */
const MAX_NODES = 100_000;

/** Reads YAML, keeping where each key and value stands. Syntax errors become issues, all of them, without quoting the text. */
export function parseYaml(text: string, issues: ConfigIssue[], origin?: string): ConfigNode | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: true, strict: false });
  const at = (offset: number): ConfigSource => {
    if (origin !== undefined) return { origin };
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  for (const error of document.errors) {
    // The parser's own words may quote the value of a secret, so a variable's are kept back.
    const message = origin === undefined ? `cannot read YAML: ${error.message}` : "cannot read the value as YAML";
    issues.push({ path: "", message, severity: "error", ...at(error.pos[0]) });
  }
  if (document.errors.length > 0) return undefined;
  const converter = new Converter(document, at, issues);
  try {
    return converter.convert(document.contents, "");
  } catch (error) {
    if (!(error instanceof TooManyNodes)) throw error;
    issues.push({ path: "", message: "cannot read YAML: aliases repeat too much", severity: "error", ...at(0) });
    return undefined;
  }
}

class TooManyNodes extends Error {}

class Converter {
  readonly #document: Document;
  readonly #at: (offset: number) => ConfigSource;
  readonly #issues: ConfigIssue[];
  #nodes = 0;

  constructor(document: Document, at: (offset: number) => ConfigSource, issues: ConfigIssue[]) {
    this.#document = document;
    this.#at = at;
    this.#issues = issues;
  }

  convert(node: unknown, path: string, depth = 0): ConfigNode {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || depth > 100) throw new TooManyNodes();
    const source = this.#at(offsetOf(node));
    if (isAlias(node)) return this.convert(node.resolve(this.#document), path, depth + 1);
    if (isScalar(node)) {
      if (node.value === null) return { kind: "null", source };
      const quoted =
        node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE" || node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
      return { kind: "scalar", text: typeof node.value === "string" ? node.value : (node.source ?? ""), quoted, value: node.value, source };
    }
    if (isSeq(node))
      return { kind: "list", items: node.items.map((item, index) => this.convert(item, `${path}.${index}`, depth + 1)), source };
    if (isMap(node)) return { kind: "map", entries: this.#entries(node.items, path, depth), source };
    return { kind: "null", source };
  }

  #entries(pairs: readonly { readonly key: unknown; readonly value: unknown }[], path: string, depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? (key.source ?? "") : "";
      const at = this.#at(offsetOf(key));
      const below = path === "" ? name : `${path}.${name}`;
      if (name === "<<") {
        for (const [inner, entry] of mergeOf(this.convert(value, path, depth + 1))) if (!merged.has(inner)) merged.set(inner, entry);
        continue;
      }
      if (entries.has(name)) this.#issues.push({ path: below, message: "is set twice: the last one counts", severity: "warning", ...at });
      entries.set(name, { source: at, node: this.convert(value, below, depth + 1) });
    }
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
    return entries;
  }
}

function mergeOf(node: ConfigNode): Iterable<[string, MapEntry]> {
  if (node.kind === "map") return node.entries;
  if (node.kind === "list") return node.items.flatMap((item) => [...mergeOf(item)]);
  return [];
}

function offsetOf(node: unknown): number {
  if (isScalar(node) || isCollection(node) || isAlias(node)) return (node as Partial<ParsedNode>).range?.[0] ?? 0;
  return 0;
}
