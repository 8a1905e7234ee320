import { InvalidLinkError } from "../errors.ts";
import { fieldValues, type HeaderFields, isTokenCode, Scanner } from "./scanner.ts";

/** One link of a `Link` header. */
export interface Link {
  /** As it came: relative or absolute, perhaps empty. */
  readonly target: string;
  /** By lower-case name; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Parses `Link` headers. Beyond the grammar it takes targets without angle brackets, which some registries send.
 * What cannot be read is left out.
 *
 * @see RFC 8288, section 3
 */
export function parseLinks(fields: HeaderFields): readonly Link[] {
  return fieldValues(fields).flatMap(parseField);
}

function parseField(value: string): readonly Link[] {
  const scanner = new Scanner(value);
  const links: Link[] = [];
  for (scanner.skipSeparators(); !scanner.done; scanner.skipSeparators()) {
    const target = takeTarget(scanner);
    if (target === undefined) break;
    links.push({ target, parameters: takeParameters(scanner) });
    if (!scanner.done && scanner.next !== ",") break; // not a list any more: keep what was read
  }
  return links;
}

function takeTarget(scanner: Scanner): string | undefined {
  if (!scanner.take("<")) return scanner.takeWhile((c) => c !== 0x3b && c !== 0x2c && c !== 0x20 && c !== 0x09);
  const target = scanner.takeWhile((c) => c !== 0x3e);
  return scanner.take(">") ? target.trim() : undefined;
}

function takeParameters(scanner: Scanner): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (scanner.skipSpace(); scanner.take(";"); scanner.skipSpace()) {
    scanner.skipSpace();
    const name = scanner.takeToken().toLowerCase();
    scanner.skipSpace();
    const value = scanner.take("=") ? takeValue(scanner) : "";
    if (name !== "" && !parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

function takeValue(scanner: Scanner): string {
  scanner.skipSpace();
  return scanner.takeQuoted() ?? scanner.takeWhile((c) => isTokenCode(c) || c === 0x3a || c === 0x2f);
}

/**
 * The address of the next page, resolved against the address of the page that named it. Undefined when this was the last page.
 * A lone link without `rel` counts as next.
 *
 * @throws {InvalidLinkError} when the link is no URL or leads to another origin: following it would send requests, and
 * perhaps credentials, wherever the registry says.
 */
export function nextPage(fields: HeaderFields, pageUrl: URL | string): URL | undefined {
  const links = parseLinks(fields);
  const [only] = links;
  const next = links.find(isNext) ?? (links.length === 1 && only?.parameters.has("rel") === false ? only : undefined);
  if (next === undefined || next.target === "") return undefined;
  const base = new URL(pageUrl);
  const url = URL.parse(next.target, base.href);
  if (url === null) throw new InvalidLinkError(next.target, "expected a URL");
  if (url.origin !== base.origin) throw new InvalidLinkError(next.target, `expected the origin "${base.origin}"`);
  return url;
}

function isNext(link: Link): boolean {
  const rel = link.parameters.get("rel") ?? "";
  return rel.split(" ").some((word) => word.toLowerCase() === "next");
}

/** Writes a link; characters that would end the target early are percent-encoded. */
export function formatLink(target: string, rel: string): string {
  return `<${target.replace(/[^\x21-\x7e]|[<>"]/gu, encodeURIComponent)}>; rel="${rel}"`;
}
