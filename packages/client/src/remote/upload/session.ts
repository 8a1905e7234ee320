import { unlessAborted } from "@berth/oci/node";
import {
  BlobUploadUnknownError,
  type Digest,
  digestAlgorithm,
  type DigestAlgorithm,
  formatChunkRange,
  formatScope,
  parseUploadRange,
  type RepositoryName,
} from "@berth/oci";
import { ResponseError } from "../../errors.ts";
import type { Content } from "../../transport/body.ts";
import { drain } from "../../transport/drain.ts";
import { headerValue, type ResponseHeaders, type TransportResponse } from "../../transport/transport.ts";
import { acknowledged } from "../../transport/web-page.ts";
import { answered, checkContentDigest } from "../answers.ts";
import type { Connection, ConnectionRequest } from "../connection.ts";
import type { RepositoryPlace } from "../context.ts";
import { saysWhere, uploadFault } from "./fault.ts";
import { uploadLocation, withDigest } from "./location.ts";

const OCTETS = { "content-type": "application/octet-stream" };
const CANCEL_MS = 5_000;
/** What a request loses less than is not worth asking twice for. Bytes. */
const WORTH_ASKING = 1_048_576;

/** Which repository uploads go to, and how. */
export interface UploadRoute extends RepositoryPlace {
  /** What tokens are asked for; the same for all requests of an upload, so that one token does. */
  readonly scopes: readonly string[];
  /** Refuses upload locations on other origins. */
  readonly strictLocation: boolean;
}

/** The way to a repository. `from`: another one that a blob is mounted from, which a token must then let us read. */
export function uploadRoute(
  connection: Connection,
  name: RepositoryName,
  options: { readonly strictLocation?: boolean; readonly from?: string | undefined } = {},
): UploadRoute {
  const { strictLocation = false, from } = options;
  const push = formatScope({ type: "repository", name, actions: ["pull", "push"] });
  const pull = from === undefined || from === name ? [] : [formatScope({ type: "repository", name: from, actions: ["pull"] })];
  return { connection, name, scopes: [push, ...pull], strictLocation };
}

/** What an upload starts with. */
export interface StartRequest {
  readonly signal?: AbortSignal | undefined;
  /** Of the digest that the commit will name; told to the registry unless it is sha256, which all assume. */
  readonly algorithm?: DigestAlgorithm | undefined;
  /** A blob to take over from another repository; `from` undefined: any readable one. From its own: it is pushed unless it is there. */
  readonly mount?: { readonly digest: Digest; readonly from?: string | undefined } | undefined;
  /** The whole blob, for registries that take it at once. */
  readonly whole?: { readonly digest: Digest; readonly content: Content; readonly size: number } | undefined;
}

/**
 * One upload at a registry: where it is, and how many bytes are there. Every method is one request, and fails with
 * `BlobUploadUnknownError` when the upload is over or gone.
 */
export class UploadSession {
  readonly route: UploadRoute;
  readonly startedAt: Date = new Date();
  #url: URL;
  #held = 0;
  /** Where the last chunk began that was sent. */
  #tried = -1;
  /** The bytes that were sent last, in a chunk or with the commit. */
  #sent: { readonly from: number; readonly size: number } = { from: 0, size: 0 };
  #minChunkSize = 0;

  constructor(route: UploadRoute, url: URL) {
    this.route = route;
    this.#url = url;
  }

  /** Starts an upload; undefined when the registry has the blob at once: it mounted it, or took it whole. */
  static async start(route: UploadRoute, { signal, algorithm, mount, whole }: StartRequest): Promise<UploadSession | undefined> {
    const query = new Array<string>();
    if (mount !== undefined) query.push(`mount=${encodeURIComponent(mount.digest)}`);
    if (mount?.from !== undefined) query.push(`from=${encodeURIComponent(mount.from)}`);
    if (whole !== undefined) query.push(`digest=${encodeURIComponent(whole.digest)}`);
    const wanted = algorithm ?? (mount && digestAlgorithm(mount.digest));
    if (wanted !== undefined && wanted !== "sha256") query.push(`digest-algorithm=${wanted}`);
    const response = await route.connection.send({
      method: "POST",
      target: `/v2/${route.name}/blobs/uploads/${query.length === 0 ? "" : "?"}${query.join("&")}`,
      operation: mount === undefined || mount.from === route.name ? "push blob" : "mount blob",
      scopes: route.scopes,
      expect: mount === undefined && whole === undefined ? [202] : [201, 202],
      ...(whole && { content: whole.content, size: whole.size, headers: OCTETS, retry: "never", headersTimeoutMs: 0 }),
      ...(signal && { signal }),
    });
    await drain(response);
    const digest = mount?.digest ?? whole?.digest;
    if (response.status === 201 && digest !== undefined) {
      checkContentDigest(response, digest);
      return undefined;
    }
    const { connection, strictLocation } = route;
    const url = uploadLocation(response, response.request.url, connection.registry, { strict: strictLocation });
    const session = new UploadSession(route, url);
    session.#learnMinimum(response.headers);
    return session;
  }

  /** Where it is now; changes with every answer. */
  get url(): URL {
    return this.#url;
  }

  /** Bytes that the registry holds, as far as it told. */
  get held(): number {
    return this.#held;
  }

  /** True while the registry shows none of the many bytes that were sent last: it may still be at work on a request that is over for us. */
  get showsNothing(): boolean {
    const { from, size } = this.#sent;
    return size >= WORTH_ASKING && this.#held <= from + 1; // "0-0" may be taken for one byte
  }

  /** Bytes that every chunk but the last must have; 0: any number. */
  get minChunkSize(): number {
    return this.#minChunkSize;
  }

  /** Sends the next `size` bytes. */
  async append(content: Content, size: number, signal?: AbortSignal): Promise<void> {
    const start = this.#held;
    this.#tried = start;
    this.#sent = { from: start, size };
    const response = await this.#send({
      method: "PATCH",
      target: this.#url,
      headers: { ...OCTETS, "content-range": formatChunkRange({ start, end: start + size - 1 }) },
      content,
      size,
      expect: [202, 201, 204],
      retry: "never",
      ...(signal && { signal }),
    });
    this.#moveTo(response, response.request.url);
    const told = heldBytes(response.headers);
    // Some registries say more than they hold, or count wrongly by one; that they hold less than we sent is worth believing.
    this.#held = told === undefined || told.least > start + size ? start + size : told.most < start + size ? told.most : start + size;
  }

  /** Asks where the upload stands. `retry` as with `TransportRequest`. */
  async locate(signal?: AbortSignal, retry?: "never"): Promise<void> {
    const request = { method: "GET", target: this.#url, expect: [204, 200, 202], ...(retry && { retry }), ...(signal && { signal }) };
    const response = await this.#send(request);
    this.#learn(response.headers, response.request.url);
  }

  /**
   * Takes over what a failed request tells about where the upload stands, or asks. Who refuses a chunk and says that it stands where that
   * chunk began is at work on an earlier request, and soon stands elsewhere. Asks once: who calls it has a loop around it.
   */
  async relocate(error: unknown, signal?: AbortSignal): Promise<void> {
    if (error instanceof ResponseError && saysWhere(error)) {
      this.#learn(error.headers, this.#url);
      if (this.#held !== this.#tried) return;
    }
    await this.locate(signal, "never");
  }

  /** Makes the blob of what is there and `content`, which are its last bytes. */
  async commit(digest: Digest, last?: { readonly content: Content; readonly size: number }, signal?: AbortSignal): Promise<void> {
    const { content, size } = last ?? { content: new Uint8Array(), size: 0 };
    this.#sent = { from: this.#held, size };
    const response = await this.#send({
      method: "PUT",
      target: withDigest(this.#url, digest),
      headers: OCTETS,
      content,
      size,
      expect: [201],
      retry: "never",
      headersTimeoutMs: 0, // registries read the whole blob again before they answer
      ...(signal && { signal }),
    });
    checkContentDigest(response, digest);
  }

  /** Throws the upload away. One that is gone already is no error. */
  async cancel(signal?: AbortSignal): Promise<void> {
    const request = { operation: "cancel upload", expect: [204, 200, 202, 404, 410], ...(signal && { signal }) };
    await this.#send({ method: "DELETE", target: this.#url, ...request });
  }

  /**
   * {@link cancel} for when something else has failed, or is not wanted: takes 5 s at most. Who aborts waits no longer, and what was sent
   * goes on without them.
   *
   * @throws the reason of `signal`, and nothing else.
   */
  async abandon(signal?: AbortSignal): Promise<void> {
    const cancelled = this.cancel(AbortSignal.timeout(CANCEL_MS)).catch(() => undefined); // the registry drops it by itself after some time
    await unlessAborted(cancelled, signal);
  }

  async #send(request: ConnectionRequest): Promise<TransportResponse> {
    try {
      const response = await this.route.connection.send({ operation: "push blob", scopes: this.route.scopes, ...request });
      await acknowledged(response);
      return response;
    } catch (error) {
      if (uploadFault(error) !== "lost") throw error;
      const options = error instanceof ResponseError ? answered(error) : { cause: error };
      throw new BlobUploadUnknownError(this.#url.origin + this.#url.pathname, options);
    }
  }

  #learn(headers: ResponseHeaders, base: URL): void {
    if (headerValue(headers, "location")) this.#moveTo({ headers }, base);
    this.#learnMinimum(headers);
    const told = heldBytes(headers);
    if (told === undefined) return;
    // "0-0" is said of no byte and of one: who began at the one end in vain begins at the other.
    this.#held = told.least < told.most && this.#tried === told.least ? told.most : told.least;
  }

  #moveTo(response: Pick<TransportResponse, "headers">, base: URL): void {
    const { connection, strictLocation } = this.route;
    this.#url = uploadLocation(response, base, connection.registry, { strict: strictLocation, method: "PATCH" });
  }

  #learnMinimum(headers: ResponseHeaders): void {
    const value = headerValue(headers, "oci-chunk-min-length")?.trim() ?? "";
    if (/^\d{1,15}$/.test(value)) this.#minChunkSize = Number(value);
  }
}

/** How many bytes a registry says it holds; undefined when it does not say. */
function heldBytes(headers: ResponseHeaders): { readonly least: number; readonly most: number } | undefined {
  const exact = headerValue(headers, "berth-upload-offset") ?? "";
  if (/^\d{1,15}$/.test(exact)) return { least: Number(exact), most: Number(exact) };
  const last = parseUploadRange(headerValue(headers, "range") ?? "");
  if (last === undefined) return undefined;
  return last === 0 ? { least: 0, most: 1 } : { least: last + 1, most: last + 1 };
}
