import { BerthError, type BerthErrorOptions, type ByteSource, type Descriptor, formatScope, parseRepositoryName } from "@berth/oci";
import { AuthError, isUnauthorized } from "../../errors.ts";
import type { Content } from "../../transport/body.ts";
import type { Connection } from "../connection.ts";
import { pushInto } from "./push-blob.ts";
import type { PushBlobOptions } from "./push-options.ts";
import { requestMount } from "./request-mount.ts";
import { type UploadRoute, uploadRoute } from "./session.ts";

/** Gives the content of a blob that could not be mounted; undefined: it is not to be pushed after all. */
export type MountContent = () => Content | undefined | Promise<Content | undefined>;

/** Options of {@link mountBlob}. */
export interface MountBlobOptions extends Omit<PushBlobOptions, "resume" | "skipExisting"> {
  /**
   * What to do when the blob cannot be mounted: `give-up`, the default; `fetch`: read it from the other repository and push it; or push
   * what a function gives.
   */
  readonly fallback?: "give-up" | "fetch" | MountContent;
  /**
   * Told the error of a registry that refused, before the fallback; not when it merely started an upload. Where nobody is told and there is
   * no fallback, a refusal for want of a credential (401, `AuthError`) is thrown.
   */
  readonly onRefused?: (error: unknown) => void;
}

/** How a mount ended: without moving bytes, by pushing them, or not at all. */
export type MountOutcome = "mounted" | "pushed" | "refused";

/** The content of a blob that was to be pushed instead of mounted cannot be had. `cause` says why. */
export class MountContentError extends BerthError<"ERR_MOUNT_CONTENT"> {
  constructor(target: Descriptor, options?: BerthErrorOptions) {
    const why = options?.cause instanceof Error ? `: ${options.cause.message}` : "";
    super(
      "ERR_MOUNT_CONTENT",
      `Cannot mount blob "${target.digest}": the registry wants its bytes, and they cannot be read${why}`,
      options,
    );
  }
}

/**
 * Takes a blob over from another repository of the same registry without moving bytes. Asks for one token that lets us write here and
 * read there. A registry that will not mount is no error: `fallback` says what happens then, in the upload that it offered. A missing credential
 * is one, unless `fallback` or `onRefused` is there to deal with it.
 *
 * @param from name of the repository that holds the blob; undefined: the registry looks for one itself, if it can.
 * @throws {MountContentError} when the content for the fallback cannot be had; the upload is thrown away.
 * @throws {ResponseError} @throws {AuthError} @throws {NetworkError} @throws {ProtocolError} and, with a fallback, what `pushBlob` throws.
 * @see OCI distribution-spec, "Mounting a blob from another repository"
 */
export async function mountBlob(
  connection: Connection,
  repository: string,
  target: Descriptor,
  from: string | undefined,
  options: MountBlobOptions = {},
): Promise<MountOutcome> {
  const { fallback = "give-up", onRefused, signal, ...push } = options;
  const name = parseRepositoryName(repository);
  const source = from === undefined ? undefined : parseRepositoryName(from);
  const route = uploadRoute(connection, name, { ...options, from: source });
  signal?.throwIfAborted();
  const answer = await requestMount(route, { digest: target.digest, from: source }, signal);
  if (answer.kind === "mounted") return "mounted";
  const session = answer.kind === "started" ? answer.session : undefined;
  const givesUp = fallback === "give-up" || (fallback === "fetch" && source === undefined);
  if (answer.kind === "refused") {
    const { error } = answer;
    if (givesUp && onRefused === undefined && (error instanceof AuthError || isUnauthorized(error))) throw error;
    onRefused?.(error);
  }
  if (givesUp) {
    await session?.abandon(signal);
    return "refused";
  }
  let content: Content | undefined;
  try {
    content = fallback === "fetch" ? await read(route, target, source ?? name, signal) : await fallback();
  } catch (cause) {
    await session?.abandon(signal);
    signal?.throwIfAborted();
    throw new MountContentError(target, { cause });
  }
  if (content === undefined) {
    await session?.abandon(signal);
    return "refused";
  }
  const plain = session === undefined ? uploadRoute(connection, name, options) : route;
  await pushInto(plain, target, content, { ...push, ...(signal && { signal }) }, session);
  return "pushed";
}

async function read({ connection }: UploadRoute, target: Descriptor, from: string, signal: AbortSignal | undefined): Promise<ByteSource> {
  const response = await connection.send({
    method: "GET",
    target: `/v2/${from}/blobs/${target.digest}`,
    operation: "fetch blob",
    scopes: [formatScope({ type: "repository", name: from, actions: ["pull"] })],
    expect: [200],
    ...(signal && { signal }),
  });
  return response.body;
}
