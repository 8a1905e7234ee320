import { type CallOptions, InvalidLinkError, LimitExceededError, nextPage, type Paged } from "@berth/oci";
import { headerValue, type TransportResponse } from "../transport/transport.ts";
import { isWebPage, webPageError } from "../transport/web-page.ts";
import { protocolError, readMetadata } from "./answers.ts";
import type { Connection } from "./connection.ts";

/** A list that a registry gives in pages. */
export interface RemoteList<T> extends CallOptions {
  readonly connection: Connection;
  /** Path of the first page, with its query. */
  readonly target: string;
  /** What it is a list of: `tags`. */
  readonly items: string;
  /** What a token is asked for. */
  readonly scopes: readonly string[];
  /** Sent besides `Accept`, which may be among them; default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes of one page at most. */
  readonly maxBytes: number;
  /** 0: no limit. */
  readonly maxPages: number;
  /** What `maxPages` is called where it can be raised. */
  readonly maxPagesOption: string;
  /** Checks and reads one page. `body` is parsed JSON. */
  read(body: unknown, response: TransportResponse): readonly T[];
  /** Gives the error for an answer of a status other than 200. */
  refused?(error: unknown): unknown;
}

/**
 * Follows a list from page to page. Every iteration starts anew.
 *
 * @throws {LimitExceededError} when a page or the list is too long.
 * @throws {InvalidLinkError} when a page names one that was read already, or another origin.
 */
export function remoteList<T>(list: RemoteList<T>): Paged<T> {
  const pages = (): AsyncIterable<readonly T[]> => readPages(list);
  return {
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page;
    },
  };
}

async function* readPages<T>(list: RemoteList<T>): AsyncGenerator<readonly T[]> {
  const visited = new Set<string>();
  let target: string | URL | undefined = list.target;
  for (let page = 1; target !== undefined; page++) {
    if (list.maxPages > 0 && page > list.maxPages) {
      const { items, maxPages: limit, maxPagesOption: option } = list;
      throw new LimitExceededError({ what: `more pages of ${items}`, limit, option }, { from: list.connection.registry });
    }
    const response = await fetchPage(list, target);
    const { url } = response.request;
    visited.add(url.href);
    const items = list.read(await readJson(response, list.maxBytes), response);
    const next = nextPage(response.headers["link"], url);
    if (next !== undefined && visited.has(next.href)) throw new InvalidLinkError(next.href, "expected a page that was not read yet");
    yield items;
    target = next;
  }
}

async function fetchPage<T>(list: RemoteList<T>, target: string | URL): Promise<TransportResponse> {
  const { connection, items, scopes, headers, signal, refused } = list;
  try {
    return await connection.send({
      method: "GET",
      target,
      operation: `list ${items}`,
      scopes,
      headers: { accept: "application/json", ...headers },
      expect: [200],
      ...(signal && { signal }),
    });
  } catch (error) {
    throw refused?.(error) ?? error;
  }
}

/** Reads a body of JSON. @throws {ProtocolError} when it is something else. */
export async function readJson(response: TransportResponse, maxBytes: number): Promise<unknown> {
  const bytes = await readMetadata(response, maxBytes);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    const type = headerValue(response.headers, "content-type");
    if (isWebPage(bytes, type)) throw webPageError(response);
    throw protocolError(response, `sent no JSON but ${type === undefined ? "nothing known" : `"${type.slice(0, 100)}"`}`, { cause });
  }
}

/** Reads the texts under `key`; a list that is null or missing is empty. @throws {ProtocolError} when it is something else. */
export function readTexts(body: unknown, key: string, response: TransportResponse): readonly string[] {
  const members: object = typeof body === "object" && body !== null ? body : {};
  const list: unknown = Object.entries(members).find(([name]) => name === key)?.[1];
  if (list === undefined || list === null) return [];
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw protocolError(response, `sent a list under "${key}" that is not one of texts`);
}

/** Puts query parameters behind a path, those that are undefined left out. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
