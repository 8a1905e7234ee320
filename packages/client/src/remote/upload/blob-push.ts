import { type Digest, digestAlgorithm } from "@berth/oci";
import { ResponseError, UnreplayableBodyError } from "../../errors.ts";
import { hasBlob } from "../blob-stat.ts";
import { bodyLimitOf } from "./body-limit.ts";
import { ChunkSender, type UploadBackoff } from "./chunk-sender.ts";
import { uploadFault } from "./fault.ts";
import type { OutgoingBlob } from "./outgoing-blob.ts";
import type { PushBlobOptions, PushMode } from "./push-options.ts";
import { type StartRequest, type UploadRoute, UploadSession } from "./session.ts";

/** How often a blob is begun anew with another upload. */
const MAX_RESTARTS = 3;

/** How often a registry may refuse to make the blob. */
const MAX_REFUSALS = 5;

/** Answers to a whole blob in a POST that mean: not in this way. */
const NO_SINGLE_POST: ReadonlySet<number> = new Set([400, 404, 405, 411, 413, 501]);

/** Options of {@link BlobPush}. */
export interface BlobPushOptions extends PushBlobOptions {
  readonly mode: PushMode;
  /** Bytes of one request, at most, unless the registry wants more. */
  readonly chunkSize: number;
  readonly backoff: UploadBackoff;
  /** An upload that waits for the bytes. */
  readonly started: UploadSession | undefined;
}

/**
 * One push of one blob:
 *
 *   start -> all in one PUT -> done
 *             | cut off, too large (or known to be)
 *             v
 *            ask where it stands -> PATCH, PATCH, ... -> PUT without bytes -> done
 *
 * When the upload is lost on the way, all of it begins anew, at most three times. A registry that has refused five times to make the blob is
 * sent it no more.
 */
export class BlobPush {
  readonly #route: UploadRoute;
  readonly #digest: Digest;
  readonly #blob: OutgoingBlob;
  readonly #options: BlobPushOptions;
  #mode: PushMode;
  /** Whether a cut upload may be gone on with; not any more once that led to a damaged blob. */
  #mayResume: boolean;
  #id: string | undefined;
  #started: UploadSession | undefined;
  #named: string | undefined;
  /** Whether some part of the upload was taken up again: a registry may have got it wrong. */
  #wasResumed = false;
  /** True once the registry was told to make the blob. */
  #asked = false;
  /** How often it then refused. */
  #refusals = 0;

  constructor(route: UploadRoute, digest: Digest, blob: OutgoingBlob, options: BlobPushOptions) {
    this.#route = route;
    this.#digest = digest;
    this.#blob = blob;
    this.#options = options;
    this.#mode = options.mode;
    this.#mayResume = options.mode !== "monolithic";
    this.#id = options.resume;
    this.#started = options.started;
  }

  /** Resolves once the registry has the blob. To be called once. */
  async run(): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      const session = await this.#begin();
      if (session === undefined) break;
      try {
        await this.#upload(session);
        break;
      } catch (thrown) {
        const error = this.#blob.failure ?? thrown;
        if (this.#asked && uploadFault(error) === "lost" && (await this.#isThere())) break;
        await this.#giveUp(session, error, restarts);
      }
    }
    this.#blob.report(this.#blob.end);
  }

  /** Starts an upload, or finds one that was started before; undefined: the registry has the blob. */
  async #begin(): Promise<UploadSession | undefined> {
    const { signal } = this.#options;
    const started = this.#started;
    const id = this.#id;
    this.#started = undefined;
    this.#id = undefined;
    if (started !== undefined) {
      this.#name(started);
      return started;
    }
    if (id !== undefined) {
      const found = await this.#find(id);
      if (found !== undefined) return found;
    }
    const request: StartRequest = { signal, algorithm: digestAlgorithm(this.#digest) };
    const session =
      this.#mode === "single-post" && this.#mayBeWhole ? await this.#post(request) : await UploadSession.start(this.#route, request);
    if (session !== undefined) this.#name(session);
    return session;
  }

  async #find(id: string): Promise<UploadSession | undefined> {
    const url = URL.parse(id);
    if (url === null) return undefined;
    const session = new UploadSession(this.#route, url);
    try {
      await session.locate(this.#options.signal);
    } catch (error) {
      if (uploadFault(error) === "lost") return undefined;
      throw error;
    }
    if (session.held > this.#blob.end) return undefined; // of another blob
    this.#wasResumed = true;
    this.#name(session);
    return session;
  }

  /** Sends all with the POST. A registry that only starts an upload then has not looked at the bytes. */
  async #post(request: StartRequest): Promise<UploadSession | undefined> {
    this.#mode = "auto";
    if (!this.#blob.replayable) return await UploadSession.start(this.#route, request);
    const whole = { digest: this.#digest, content: this.#blob.whole(), size: this.#blob.end };
    try {
      return await UploadSession.start(this.#route, { ...request, whole });
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (this.#blob.failure !== undefined) throw this.#blob.failure;
      const refused = error instanceof ResponseError && NO_SINGLE_POST.has(error.status);
      if (!refused && uploadFault(error) !== "interrupted") throw error;
      return await UploadSession.start(this.#route, request);
    }
  }

  /** False for more than is known to pass in one request; who wants one request alone gets it all the same. */
  get #mayBeWhole(): boolean {
    return !this.#mayResume || this.#blob.end <= (bodyLimitOf(this.#route.connection) ?? Number.POSITIVE_INFINITY);
  }

  async #upload(session: UploadSession): Promise<void> {
    const { chunkSize, backoff, signal } = this.#options;
    const sender = new ChunkSender(session, { chunkSize, backoff, signal });
    if (this.#mode !== "chunked" && session.held === 0 && this.#mayBeWhole) {
      try {
        await this.#commit(session, true);
        return;
      } catch (error) {
        await this.#afterWhole(error, sender);
      }
    }
    for (;;) {
      await this.#sendRest(session, sender);
      try {
        await this.#commit(session, false);
        return;
      } catch (error) {
        if (this.#refusals >= MAX_REFUSALS) throw error;
        await this.#recover(error, sender);
      }
    }
  }

  async #sendRest(session: UploadSession, sender: ChunkSender): Promise<void> {
    this.#name(session);
    while (session.held < this.#blob.end) {
      const span = await this.#blob.spanFrom(session.held, sender.chunkSize);
      await sender.send(span, (held) => {
        this.#blob.report(held);
        this.#name(session);
      });
    }
  }

  /** Deals with the one request that should have been enough. */
  async #afterWhole(error: unknown, sender: ChunkSender): Promise<void> {
    const fault = uploadFault(error);
    this.#options.signal?.throwIfAborted();
    if (!this.#mayResume || this.#blob.failure !== undefined || (fault !== "interrupted" && fault !== "too-large")) throw error;
    if (!this.#blob.replayable && this.#blob.isSpent) throw error;
    if (fault === "interrupted") await this.#recover(error, sender);
    else if (!sender.refuse(this.#blob.end)) throw error;
  }

  async #recover(error: unknown, sender: ChunkSender): Promise<void> {
    this.#wasResumed = true;
    await sender.recover(error);
  }

  async #commit(session: UploadSession, withBytes: boolean): Promise<void> {
    const blob = this.#blob;
    this.#asked = true;
    try {
      await session.commit(this.#digest, withBytes ? { content: blob.whole(), size: blob.end } : undefined, this.#options.signal);
    } catch (error) {
      if (error instanceof ResponseError) this.#refusals++;
      throw error;
    }
  }

  /** The answer to a commit may have been lost, not the commit. */
  async #isThere(): Promise<boolean> {
    const blob = { digest: this.#digest, size: this.#blob.end };
    return await hasBlob(this.#route, blob, { scopes: this.#route.scopes, signal: this.#options.signal });
  }

  /** Throws the upload away and the error on, unless another try may do. */
  async #giveUp(session: UploadSession, error: unknown, restarts: number): Promise<void> {
    const { signal, onUpload } = this.#options;
    const blob = this.#blob;
    const fault = uploadFault(error);
    if (signal?.aborted) {
      if (onUpload === undefined) void session.abandon(); // never fails; who aborts does not want to wait for it
      throw signal.reason;
    }
    const cutOff = fault === "interrupted" && (onUpload === undefined || !this.#mayResume) && this.#refusals < MAX_REFUSALS;
    const mendable = blob.failure === undefined && (cutOff || fault === "lost" || (fault === "damaged" && this.#wasResumed));
    const keep = onUpload !== undefined && blob.failure === undefined && fault !== "damaged" && !mendable;
    if (!keep) await session.abandon(signal);
    if (!mendable || restarts >= MAX_RESTARTS) {
      if (!(error instanceof ResponseError)) throw error;
      throw Object.assign(error, { attempts: Math.max(error.attempts, this.#refusals, restarts + 1) }); // loops around this one count, too
    }
    if (!blob.replayable && blob.isSpent) throw new UnreplayableBodyError({ cause: error, retryable: true });
    if (fault === "damaged") this.#mayResume = false;
  }

  /** Tells the caller what the upload is called now. */
  #name(session: UploadSession): void {
    const id = session.url.href;
    if (id !== this.#named) this.#options.onUpload?.(id);
    this.#named = id;
  }
}
