import {
  type CallOptions,
  type ListOptions,
  type Paged,
  parseTag,
  RepositoryUnknownError,
  type TagStore,
  TagUnknownError,
  UnsupportedError,
} from "@berth/oci";
import { ResponseError } from "../errors.ts";
import { wholeNumber } from "../number-option.ts";
import { acknowledged } from "../transport/web-page.ts";
import { answered, orNotFound } from "./answers.ts";
import { manifestPath, type RepositoryContext, scopesOf } from "./context.ts";
import { readTexts, remoteList, withQuery } from "./list.ts";
import type { RemoteManifestStore } from "./manifest-store.ts";

/** Makes the tag store of a repository. */
export function createTagStore(context: RepositoryContext, manifests: RemoteManifestStore): TagStore {
  return {
    resolve: manifests.resolve,
    tag: manifests.tag,
    untag: async (tag, options) => await untag(context, tag, options),
    tags: (options) => listTags(context, options),
  };
}

function listTags(context: RepositoryContext, { last, pageSize, signal }: ListOptions = {}): Paged<string> {
  const { connection, name, settings } = context;
  const size = wholeNumber("pageSize", pageSize, settings.tagListPageSize);
  return remoteList({
    connection,
    target: withQuery(`/v2/${name}/tags/list`, { n: size > 0 ? size : undefined, last }),
    items: "tags",
    scopes: scopesOf(context, "pull"),
    maxBytes: settings.maxMetadataBytes,
    maxPages: settings.tagListMaxPages,
    maxPagesOption: "tagListMaxPages",
    read: (body, response) => readTexts(body, "tags", response),
    refused: (error) =>
      error instanceof ResponseError && error.status === 404 ? new RepositoryUnknownError(name, answered(error)) : undefined,
    ...(signal && { signal }),
  });
}

/**
 * Takes a tag away: DELETE by tag.
 *
 * @throws {UnsupportedError} where the registry deletes by digest only.
 */
async function untag(context: RepositoryContext, tag: string, { signal }: CallOptions = {}): Promise<void> {
  const answer = context.connection.send({
    method: "DELETE",
    target: manifestPath(context, parseTag(tag)),
    operation: "delete tag",
    scopes: scopesOf(context, "delete"),
    expect: [202, 200, 204],
    ...(signal && { signal }),
  });
  const response = await orNotFound(answer, (options) => new TagUnknownError(tag, options)).catch((error: unknown) => {
    throw error instanceof ResponseError && NO_TAG_DELETES.has(error.status) ? cannotUntag(error) : error;
  });
  await acknowledged(response);
}

/** Answers of registries that take nothing but digests there; distribution before 3.0 says 400 DIGEST_INVALID. */
const NO_TAG_DELETES: ReadonlySet<number> = new Set([400, 405, 501]);

function cannotUntag(refusal: ResponseError): UnsupportedError {
  const { answer = refusal.message, ...options } = answered(refusal);
  const hint = refusal.status === 400 ? "; it deletes manifests by their digest only, with all of their tags" : "";
  return new UnsupportedError("delete tag", { ...options, answer: answer + hint });
}
