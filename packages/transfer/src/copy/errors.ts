import type { UnaskedUrl } from "@berth/client";
import { BerthError, type Descriptor, DigestMismatchError, LimitExceededError, SizeMismatchError } from "@berth/oci";
import { isRetryable } from "../manager/retryable.ts";

/** Where a copy failed. */
export type CopyOrigin = "source" | "destination";
/** What a copy was doing. */
export type CopyStep = "resolve" | "fetch" | "push" | "tag" | "list";

/** A copy failed at one of its ends. `cause` is the error of that end; the message is its own, and says which content it is about. */
export class CopyError extends BerthError<"ERR_COPY"> {
  readonly step: CopyStep;
  readonly origin: CopyOrigin;
  /** What was being copied; undefined before that is known. */
  readonly descriptor: Descriptor | undefined;

  constructor(
    step: CopyStep,
    origin: CopyOrigin,
    descriptor: Descriptor | undefined,
    cause: unknown,
    retryable: boolean = isRetryable(cause),
  ) {
    super("ERR_COPY", messageOf(cause, origin, descriptor), { cause, retryable });
    this.step = step;
    this.origin = origin;
    this.descriptor = descriptor;
  }
}

/** What content is wrong is not said by who checks it. */
function messageOf(cause: unknown, origin: CopyOrigin, descriptor: Descriptor | undefined): string {
  if (!(cause instanceof Error)) return String(cause);
  return descriptor !== undefined && isBadContent(cause)
    ? cause.message.replace("content:", `"${descriptor.digest}" of the ${origin}:`)
    : cause.message;
}

/** A tag that must not be moved exists at the destination, and names something else. */
export class TagExistsError extends BerthError<"ERR_TAG_EXISTS"> {
  readonly tag: string;
  /** What it names. */
  readonly digest: string;

  constructor(tag: string, digest: string) {
    super("ERR_TAG_EXISTS", `Cannot copy to tag "${tag}": it exists and names "${digest}"`);
    this.tag = tag;
    this.digest = digest;
  }
}

/** Layers that are kept outside of registries were wanted, and cannot be had. */
export class ExternalLayerError extends BerthError<"ERR_EXTERNAL_LAYER"> {
  readonly digest: string;
  /** Places that the layer names and nobody asked; undefined: none were, for the source is no registry. */
  readonly unasked: readonly UnaskedUrl[] | undefined;

  constructor(target: Descriptor, cause: unknown, unasked?: readonly UnaskedUrl[]) {
    super("ERR_EXTERNAL_LAYER", `Cannot copy external layer "${target.digest}": ${whyMissing(target, unasked)}`, { cause });
    this.digest = target.digest;
    this.unasked = unasked;
  }
}

/** Unasked places that are named in one message, at most. */
const MAX_UNASKED = 3;

function whyMissing({ urls = [] }: Descriptor, unasked: readonly UnaskedUrl[] | undefined): string {
  if (unasked === undefined) return "the source does not have it, and asks no other place as a registry's client does";
  const all = new Set(unasked.map(({ host, reason }) => `${host === "" ? "a place" : `"${host}"`} was not asked, as it ${reason}`));
  const shown = [...all].slice(0, MAX_UNASKED);
  if (unasked.length >= urls.length) return ["the source does not have it", ...shown].join("; ");
  return ["neither the source nor the places it names have it", ...shown].join("; ");
}

/** Runs a step of a copy; what it throws says where. Reasons of aborts and errors that know already are left alone. */
export async function atStep<T>(
  step: CopyStep,
  origin: CopyOrigin,
  descriptor: Descriptor | undefined,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    signal?.throwIfAborted();
    throw asCopyError(step, origin, descriptor, error);
  }
}

/** Says where an error came from. Content that is not what was promised is the source's fault when nobody else is named, whoever noticed. */
export function asCopyError(step: CopyStep, origin: CopyOrigin, descriptor: Descriptor | undefined, error: unknown): unknown {
  if (error instanceof CopyError || error instanceof TagExistsError || error instanceof ExternalLayerError) return error;
  if (step === "fetch" && error instanceof LimitExceededError) return error; // ours, not that of an end
  if (isBadContent(error)) return new CopyError("fetch", "source", descriptor, error);
  return new CopyError(step, origin, descriptor, error);
}

/** An error about content that was put together of parts: they may not fit together, and fit when all of it comes anew. */
export function mayNotFit(error: unknown): unknown {
  if (!(error instanceof CopyError) || error.retryable || !isBadContent(error.cause)) return error;
  return new CopyError(error.step, error.origin, error.descriptor, error.cause, true);
}

function isBadContent(error: unknown): boolean {
  return (error instanceof DigestMismatchError || error instanceof SizeMismatchError) && error.from === undefined;
}
