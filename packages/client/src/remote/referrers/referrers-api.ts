import {
  type CallOptions,
  decodeReferrersIndex,
  type Descriptor,
  type Digest,
  InvalidLinkError,
  LimitExceededError,
  MEDIA_TYPES,
  nextPage,
  parseDigest,
  parseMediaType,
} from "@berth/oci";
import { wholeNumber } from "../../number-option.ts";
import { hasErrorCode, type ProtocolError, ResponseError } from "../../errors.ts";
import { drain } from "../../transport/drain.ts";
import { headerValue, type ResponseHeaders, type TransportResponse } from "../../transport/transport.ts";
import { protocolError, readMetadata } from "../answers.ts";
import { type RepositoryContext, scopesOf } from "../context.ts";
import { withQuery } from "../list.ts";

/** What a list is asked for. */
export interface ReferrersQuery {
  readonly artifactType?: string | undefined;
  /** Entries a page; 0 or undefined: the registry's choice. */
  readonly pageSize?: number | undefined;
}

/** One page of the API, filtered. */
export interface ReferrersPage {
  readonly referrers: readonly Descriptor[];
  readonly next: URL | undefined;
}

/** The registry has no referrers API, as `reason` shows. */
export interface NoReferrersApi {
  readonly reason: ResponseError | ProtocolError;
}

/** Answers that say "there is no such thing here". 401, 403 and 5xx say nothing about the API. */
const NO_API: ReadonlySet<number> = new Set([400, 404, 405, 406, 501]);
const NOBODY: Digest = parseDigest(`sha256:${"0".repeat(64)}`);
const OLD_FILTERS_ANNOTATION = "org.opencontainers.referrers.filtersApplied";

/** Asks for the referrers of something that cannot exist, to learn whether there is an API. @throws {ResponseError} when that cannot be told. */
export async function pingReferrersApi(context: RepositoryContext, call: CallOptions): Promise<boolean> {
  return !("reason" in (await firstPage(context, NOBODY, {}, call)));
}

/** Asks for the first page. @throws {ResponseError} on answers that say nothing about the API. */
export async function firstPage(
  context: RepositoryContext,
  subject: Digest,
  query: ReferrersQuery,
  call: CallOptions,
): Promise<ReferrersPage | NoReferrersApi> {
  const pageSize = wholeNumber("pageSize", query.pageSize, context.settings.referrerListPageSize);
  const parameters = { artifactType: query.artifactType || undefined, n: pageSize > 0 ? pageSize : undefined };
  return await requestPage(context, withQuery(`/v2/${context.name}/referrers/${subject}`, parameters), query, call);
}

/**
 * The pages from `first` on, those without entries too.
 *
 * @throws {InvalidLinkError} when pages lead in a circle. @throws {LimitExceededError} when there are too many.
 */
export async function* followPages(
  context: RepositoryContext,
  first: ReferrersPage,
  query: ReferrersQuery,
  call: CallOptions,
): AsyncGenerator<readonly Descriptor[]> {
  const limit = context.settings.referrerListMaxPages;
  const seen = new Set<string>();
  let page = first;
  for (let count = 1; ; count++) {
    yield page.referrers;
    const { next } = page;
    if (next === undefined) return;
    if (limit > 0 && count >= limit) {
      const what = { what: "more pages of referrers", limit, option: "referrerListMaxPages" };
      throw new LimitExceededError(what, { from: context.connection.registry });
    }
    if (seen.size === seen.add(next.href).size) throw new InvalidLinkError(next.href, "it was followed before");
    const answer = await requestPage(context, next, query, call);
    if ("reason" in answer) throw answer.reason;
    page = answer;
  }
}

async function requestPage(
  context: RepositoryContext,
  target: string | URL,
  query: ReferrersQuery,
  call: CallOptions,
): Promise<ReferrersPage | NoReferrersApi> {
  let response: TransportResponse;
  try {
    response = await context.connection.send({
      method: "GET",
      target,
      headers: { accept: MEDIA_TYPES.ociIndex },
      expect: [200],
      operation: "list referrers",
      scopes: scopesOf(context, "pull"),
      ...(call.signal && { signal: call.signal }),
    });
  } catch (error) {
    if (error instanceof ResponseError && saysNoApi(error)) return { reason: error };
    throw error;
  }
  const contentType = headerValue(response.headers, "content-type");
  if (parseMediaType(contentType ?? "") !== MEDIA_TYPES.ociIndex) {
    await drain(response); // a login page, say
    const got = (contentType ?? "none").slice(0, 100);
    return { reason: protocolError(response, `sent content of the type "${got}", expected "${MEDIA_TYPES.ociIndex}"`) };
  }
  return readPage(await readMetadata(response, context.settings.maxMetadataBytes), response, query.artifactType);
}

function saysNoApi(error: ResponseError): boolean {
  return NO_API.has(error.status) && !(error.status === 404 && hasErrorCode(error, "NAME_UNKNOWN"));
}

function readPage(bytes: Uint8Array, response: TransportResponse, artifactType: string | undefined): ReferrersPage {
  const { entries, annotations } = decodeIndex(bytes, response);
  const readable = entries.flatMap((entry) => entry.descriptor ?? []);
  const next = nextPage(response.headers["link"], response.request.url);
  if (!artifactType || isFiltered(response.headers, annotations)) return { referrers: readable, next };
  return { referrers: readable.filter((one) => one.artifactType === artifactType), next };
}

function decodeIndex(bytes: Uint8Array, response: TransportResponse): ReturnType<typeof decodeReferrersIndex> {
  try {
    return decodeReferrersIndex(bytes);
  } catch (cause) {
    throw protocolError(response, "sent a list of referrers that is none", { cause });
  }
}

/** Whether the registry has filtered: by the header, or by the annotation that stood for it before 1.1. */
function isFiltered(headers: ResponseHeaders, annotations: Readonly<Record<string, string>> | undefined): boolean {
  const field = headers["oci-filters-applied"];
  const values = [...(typeof field === "string" ? [field] : (field ?? [])), annotations?.[OLD_FILTERS_ANNOTATION] ?? ""];
  return values.some((value) => value.split(",").some((filter) => filter.trim() === "artifactType"));
}
