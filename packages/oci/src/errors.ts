import { withoutUserinfo } from "./userinfo.ts";

const brand: unique symbol = Symbol.for("berth.error") as never;

/** The request whose answer an error is about. */
export interface AnsweredRequest {
  /** What was wanted: `fetch blob`. */
  readonly operation: string;
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
}

/** Options that every Berth error takes. */
export interface BerthErrorOptions {
  /** What made this error happen; kept as `cause`. */
  readonly cause?: unknown;
  /** Whether the same call may succeed when made again; default false. */
  readonly retryable?: boolean;
  /** The request that it came of, where that is known. */
  readonly request?: AnsweredRequest;
}

/**
 * The base of every error that Berth throws on purpose. `code` is stable API: tell errors apart by it
 * (or by `instanceof`), never by the message.
 */
export class BerthError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly retryable: boolean;
  /** The request that it came of, for errors about what a registry sent; those of requests that failed say it themselves. */
  declare readonly request?: AnsweredRequest;

  constructor(code: Code, message: string, options: BerthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    if (options.request !== undefined) this.request = options.request;
  }

  /** True for a Berth error of any copy of this package, unlike `instanceof`. */
  static is(value: unknown): value is BerthError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

Object.defineProperty(BerthError.prototype, brand, { value: true });

/** A string is not a digest, or names an algorithm that this library does not know. */
export class InvalidDigestError extends BerthError<"ERR_INVALID_DIGEST"> {
  /** The string, whole; the message may show only its start. */
  readonly input: string;

  constructor(input: string, reason: string) {
    super("ERR_INVALID_DIGEST", `Cannot parse digest "${clip(input)}": ${reason}`);
    this.input = input;
  }
}

/** A string is not an image reference, repository name or tag. */
export class InvalidReferenceError extends BerthError<"ERR_INVALID_REFERENCE"> {
  /** The string, without a password that was pasted with it; the message may show only its start. */
  readonly input: string;
  /** The reason alone, in the words of the reference implementation. */
  readonly reason: string;

  constructor(input: string, reason: string) {
    const shown = withoutUserinfo(input);
    super("ERR_INVALID_REFERENCE", `Cannot parse reference "${clip(shown)}": ${reason}`);
    this.input = shown;
    this.reason = reason;
  }
}

/** Manifest bytes break the rules of their media type. */
export class InvalidManifestError extends BerthError<"ERR_INVALID_MANIFEST"> {
  /** The reason alone. */
  readonly reason: string;

  constructor(reason: string, options?: ContentErrorOptions) {
    super("ERR_INVALID_MANIFEST", `Cannot accept manifest${giver(options)}: ${reason}`, options);
    this.reason = reason;
  }
}

/** A `Link` header leads nowhere, or to another origin than the page that carried it. */
export class InvalidLinkError extends BerthError<"ERR_INVALID_LINK"> {
  constructor(target: string, reason: string) {
    super("ERR_INVALID_LINK", `Cannot follow link "${clip(withoutQuery(target))}": ${reason}`);
  }
}

/** Options of errors about content. */
export interface ContentErrorOptions extends BerthErrorOptions {
  /** Who gave the content: a registry's host, perhaps with the repository. The message names it. */
  readonly from?: string;
  /** Digest of the content that was wanted. The message names it. */
  readonly digest?: string;
}

/** Content does not have the digest that was promised. */
export class DigestMismatchError extends BerthError<"ERR_DIGEST_MISMATCH"> {
  /** The digest that was promised. */
  readonly expected: string;
  /** That of the content. */
  readonly actual: string;
  /** Who gave the content, or said what it is; undefined when that is not known. */
  readonly from: string | undefined;

  constructor({ expected, actual }: { readonly expected: string; readonly actual: string }, options?: ContentErrorOptions) {
    super("ERR_DIGEST_MISMATCH", `Cannot accept content${giver(options)}: digest is "${actual}", expected "${expected}"`, options);
    this.expected = expected;
    this.actual = actual;
    this.from = options?.from;
  }
}

/** Content is shorter or longer than was promised. `actual` is a lower bound when reading stopped early. */
export class SizeMismatchError extends BerthError<"ERR_SIZE_MISMATCH"> {
  /** Bytes. */
  readonly expected: number;
  /** Bytes. */
  readonly actual: number;
  /** Who gave the content, or said what it is; undefined when that is not known. */
  readonly from: string | undefined;
  /** Of the content that was wanted; undefined when nobody said. */
  readonly digest: string | undefined;
  /** Why bytes are missing; undefined when nobody said. */
  readonly reason: string | undefined;
  /** How often in a row the rest was asked for in vain, the time it broke off counted as well; undefined when nobody counted. */
  readonly attempts: number | undefined;

  /** @param options `reason`: in words that fit behind a colon; the message ends with it. */
  constructor(
    { expected, actual }: { readonly expected: number; readonly actual: number },
    options?: ContentErrorOptions & { readonly reason?: string; readonly attempts?: number },
  ) {
    const reason = options?.reason === undefined ? "" : `: ${options.reason}`;
    super(
      "ERR_SIZE_MISMATCH",
      `Cannot accept ${content(options)}${giver(options)}: got ${actual} bytes, expected ${expected}${reason}`,
      options,
    );
    this.expected = expected;
    this.actual = actual;
    this.from = options?.from;
    this.digest = options?.digest;
    this.reason = options?.reason;
    this.attempts = options?.attempts;
  }
}

/** Something the other side controls is larger than we take. */
export class LimitExceededError extends BerthError<"ERR_LIMIT_EXCEEDED"> {
  /** What was too large, in words that fit behind "Cannot accept": `manifest of 5000000 bytes`. */
  readonly what: string;
  /** The most that is taken, in the unit that `what` names. */
  readonly limit: number;

  /** @param option what the limit is called where it can be raised; the message names it. */
  constructor(
    { what, limit, option }: { readonly what: string; readonly limit: number; readonly option?: string },
    options?: ContentErrorOptions,
  ) {
    const name = option === undefined ? "" : ` (${option})`;
    super("ERR_LIMIT_EXCEEDED", `Cannot accept ${what}${giver(options)}: the limit is ${limit}${name}`, options);
    this.what = what;
    this.limit = limit;
  }
}

/** Options of errors that stand for the answer of a remote registry. */
export interface AnswerErrorOptions extends BerthErrorOptions {
  /** Who answered what, and what to do about it: `"ghcr.io" answered 404 Not Found; check the name`. The message ends with it. */
  readonly answer?: string;
}

/** Kinds of things that can be missing. */
export type NotFoundKind = "blob" | "manifest" | "tag" | "repository" | "upload";

/** The content, tag or repository asked for does not exist. */
export class NotFoundError extends BerthError<"ERR_NOT_FOUND"> {
  /** What kind of thing was asked for. */
  readonly what: NotFoundKind;
  /** What was asked for: a digest, a tag, a name. */
  readonly target: string;

  constructor(what: NotFoundKind, target: string, options?: AnswerErrorOptions) {
    const { answer } = options ?? {};
    super(
      "ERR_NOT_FOUND",
      answer === undefined ? `Cannot find ${what}: "${clip(target)}"` : `Cannot find ${what} "${clip(target)}": ${answer}`,
      options,
    );
    this.what = what;
    this.target = target;
  }
}

/** The store cannot do what was asked, ever (not a passing fault). */
export class UnsupportedError extends BerthError<"ERR_UNSUPPORTED"> {
  constructor(what: string, options?: AnswerErrorOptions) {
    super("ERR_UNSUPPORTED", `Cannot ${what}: ${options?.answer ?? "unsupported"}`, options);
  }
}

function giver({ from }: ContentErrorOptions = {}): string {
  return from === undefined ? "" : ` from "${clip(from)}"`;
}

function content({ digest }: ContentErrorOptions = {}): string {
  return digest === undefined ? "content" : `content "${clip(digest)}"`;
}

/** Queries may hold signatures. */
function withoutQuery(target: string): string {
  return target.replace(/[?#].*$/s, "");
}

/** Keeps hostile input from flooding messages and logs. */
function clip(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}...`;
}
