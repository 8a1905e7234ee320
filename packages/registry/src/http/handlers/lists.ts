import { setImmediate as nextTurn } from "node:timers/promises";
import { type Descriptor, MEDIA_TYPES, formatLink, parseDigest } from "@berth/oci";
import { describeReferrer } from "../../domain/repository.ts";
import type { ReferrerRecord } from "../../metadata/records.ts";
import { HttpError } from "../errors.ts";
import type { Exchange, HeaderList } from "../exchange.ts";

/** Bytes of a page of referrers, at most: what clients take of a manifest. */
const MAX_REFERRERS_BYTES = 4 << 20;

/** `GET` of the tags of a repository. */
export async function listTags(exchange: Exchange): Promise<void> {
  const { query, name, repository, context } = exchange;
  const requested = pageSize(query.get("n"));
  const limit = requested === undefined ? undefined : Math.min(requested, context.options.maxTags);
  const last = query.get("last") ?? undefined;
  const tags =
    limit === undefined
      ? await allTags(exchange, last)
      : await repository.tagStore.page({ limit: limit === 0 ? 0 : limit + 1, ...(last === undefined ? {} : { last }) });
  const page = limit === undefined ? tags : tags.slice(0, limit);
  exchange.sendJson(200, { name, tags: page }, nextLink(exchange, tags.length > page.length, page.at(-1), limit));
}

/** `GET` of the repositories. */
export async function listRepositories(exchange: Exchange): Promise<void> {
  const { query, context } = exchange;
  const { catalogMaxEntries } = context.options;
  const requested = pageSize(query.get("n"));
  if (requested !== undefined && requested > catalogMaxEntries) throw invalidNumber(query.get("n"));
  const limit = requested ?? Math.min(DEFAULT_CATALOG_PAGE, catalogMaxEntries);
  const { page, more } = await readablePage(exchange, query.get("last") ?? undefined, limit);
  exchange.sendJson(200, { repositories: page }, nextLink(exchange, more, page.at(-1), limit));
}

/** `GET` of the manifests whose subject is a digest. */
export async function listReferrers(exchange: Exchange): Promise<void> {
  const { query, repository, context } = exchange;
  const subject = parseDigest(exchange.parameter);
  const artifactType = query.get("artifactType") ?? undefined;
  const after = Number(query.get("last") ?? "0");
  const { maxReferrers } = context.limits;
  const records = await repository.referrersPage(
    { digest: subject },
    { artifactType, limit: maxReferrers + 1, after: Number.isSafeInteger(after) && after > 0 ? after : undefined },
  );
  const { page, more } = fitReferrers(records, maxReferrers);
  const headers: HeaderList = artifactType === undefined ? [] : ["OCI-Filters-Applied", "artifactType"];
  const lastId = page.at(-1)?.id;
  if (more && lastId !== undefined) {
    const filter = artifactType === undefined ? "" : `&artifactType=${encodeURIComponent(artifactType)}`;
    headers.push("Link", formatLink(`${path(exchange)}?last=${lastId}${filter}`, "next"));
  }
  const manifests: readonly Descriptor[] = page.map(describeReferrer);
  exchange.sendJson(200, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }, headers, MEDIA_TYPES.ociIndex);
}

const DEFAULT_CATALOG_PAGE = 100;

/** Without `n` the whole list is asked for. It is read page by page, so that others get their turn and a client that left ends it. */
async function allTags({ repository, signal }: Exchange, last: string | undefined): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const page of repository.tagStore.tags({ signal, ...(last === undefined ? {} : { last }) }).pages()) {
    tags.push(...page);
    await nextTurn(); // SQLite gives its rows at once
  }
  return tags;
}

/** A page of repositories that the caller may pull, one row looked ahead. */
async function readablePage(
  exchange: Exchange,
  start: string | undefined,
  limit: number,
): Promise<{ readonly page: readonly string[]; readonly more: boolean }> {
  const { namespace, options } = exchange.context;
  const page: string[] = [];
  if (limit === 0) return { page, more: false };
  let last = start;
  for (;;) {
    const names = await namespace.page({ limit: limit + 1, ...(last === undefined ? {} : { last }) });
    for (const name of names) {
      if (options.filterCatalog && exchange.grant?.allows({ type: "repository", class: "", name, action: "pull" }) !== true) continue;
      if (page.length === limit) return { page, more: true };
      page.push(name);
    }
    last = names.at(-1);
    if (names.length <= limit) return { page, more: false };
    exchange.signal.throwIfAborted();
    await nextTurn(); // who may read few of many has others wait as little as who reads them all
  }
}

/** As many as a page takes: `limit` of them, or fewer large ones. */
function fitReferrers(
  records: readonly ReferrerRecord[],
  limit: number,
): { readonly page: readonly ReferrerRecord[]; readonly more: boolean } {
  let bytes = 0;
  let count = 0;
  for (const record of records) {
    bytes += JSON.stringify(describeReferrer(record)).length;
    if (count === limit || (count > 0 && bytes > MAX_REFERRERS_BYTES)) break;
    count++;
  }
  return { page: records.slice(0, count), more: count < records.length };
}

/** `n` of a list; undefined when it is absent. @throws {HttpError} when it is not a number or negative. */
function pageSize(value: string | null): number | undefined {
  if (value === null || value === "") return undefined;
  if (!/^\d{1,15}$/.test(value)) throw invalidNumber(value);
  return Number(value);
}

function invalidNumber(value: string | null): HttpError {
  const asNumber = Number(value);
  return new HttpError("PAGINATION_NUMBER_INVALID", "Cannot list: n is not a page size", {
    detail: { n: Number.isSafeInteger(asNumber) ? asNumber : (value ?? "").slice(0, 64) },
  });
}

function nextLink(exchange: Exchange, more: boolean, last: string | undefined, limit: number | undefined): HeaderList {
  if (!more || last === undefined || limit === undefined) return [];
  return ["Link", formatLink(`${path(exchange)}?last=${encodeURIComponent(last)}&n=${limit}`, "next")];
}

/** The list's own path; the client knows the host. */
function path({ request }: Exchange): string {
  const url = request.url ?? "/";
  const question = url.indexOf("?");
  return question === -1 ? url : url.slice(0, question);
}
