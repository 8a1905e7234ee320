import {
  type CallOptions,
  type ListOptions,
  type Paged,
  parseTag,
  RepositoryUnknownError,
  type TagStore,
  TagUnknownError,
} from "@berth/oci";
import { ResponseError } from "../errors.ts";
import { drain } from "../transport/drain.ts";
import { answered, orNotFound, orUnsupported } from "./answers.ts";
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
  const size = pageSize ?? settings.tagListPageSize;
  return remoteList({
    connection,
    target: withQuery(`/v2/${name}/tags/list`, { n: size > 0 ? size : undefined, last }),
    operation: "list tags",
    scopes: scopesOf(context, "pull"),
    maxBytes: settings.maxMetadataBytes,
    maxPages: settings.tagListMaxPages,
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
  // some registries answer 400 DIGEST_INVALID: they take nothing but digests there
  const response = await orUnsupported(
    orNotFound(answer, (options) => new TagUnknownError(tag, options)),
    "delete tag",
    [400, 405, 501],
  );
  await drain(response);
}
