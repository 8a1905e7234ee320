import type { IncomingHttpHeaders } from "node:http";
import type { OciError } from "@berth/oci";

/** An answer, read whole. */
export class Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Names and values as they came, one after the other. */
  readonly rawHeaders: readonly string[];

  constructor(status: number, headers: IncomingHttpHeaders, body: Buffer, rawHeaders: readonly string[] = []) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.rawHeaders = rawHeaders;
  }

  get text(): string {
    return this.body.toString("utf8");
  }

  get json(): unknown {
    return JSON.parse(this.text);
  }

  /** The error entries of the body; empty when there are none. */
  get errors(): readonly OciError[] {
    if (this.headers["content-type"]?.startsWith("application/json") !== true || this.body.byteLength === 0) return [];
    const value = this.json as { errors?: readonly OciError[] };
    return value.errors ?? [];
  }

  /** The first error's code. */
  get code(): string | undefined {
    return this.errors[0]?.code;
  }

  get detail(): unknown {
    return this.errors[0]?.detail;
  }

  /** A header that must be there once. */
  header(name: string): string {
    const value = this.headers[name.toLowerCase()];
    if (typeof value !== "string") throw new Error(`no header "${name}" in the answer ${this.status}: ${this.text.slice(0, 300)}`);
    return value;
  }

  /** Path and query of `Location`. */
  get location(): string {
    const { pathname, search } = new URL(this.header("location"), "http://localhost");
    return pathname + search;
  }
}
