import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from "node:http";
import { BerthError } from "@berth/oci";

/** The connection broke before the answer was complete: the request may have been carried out or not. */
export class ConnectionLostError extends BerthError<"ERR_CONNECTION_LOST"> {
  constructor(reason: string, cause?: unknown) {
    super("ERR_CONNECTION_LOST", `Cannot complete request: ${reason}`, { cause });
  }
}

/** A request to make. */
export interface Call {
  readonly method?: string;
  /** Beside the length of the body; default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default none. */
  readonly body?: Uint8Array;
  /** Milliseconds of silence after which the connection is given up; default 60,000. */
  readonly timeoutMs?: number;
}

/** A whole answer. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 256, timeout: 60_000 });

/** Makes one request, without retries. @throws {ConnectionLostError} when no whole answer came. */
export function call(url: string | URL, options: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const lost = (reason: string, cause?: unknown): void => reject(new ConnectionLostError(reason, cause));
    const outgoing: ClientRequest = request(url, {
      agent,
      method: options.method ?? "GET",
      headers: { ...options.headers, ...(options.body === undefined ? {} : { "content-length": String(options.body.byteLength) }) },
      timeout: options.timeoutMs ?? 60_000,
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error("silence")));
    outgoing.on("error", (error) => lost(error.message, error)); // after an early answer this one comes too late to count
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", (error) => lost(error.message, error));
      incoming.once("close", () => {
        if (incoming.complete) resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
        else lost("the answer broke off");
      });
    });
    outgoing.end(options.body);
  });
}

/** The first error code of an OCI error body; undefined when the body is none. */
export function errorCode(answer: Answer): string | undefined {
  try {
    const body: unknown = JSON.parse(answer.body.toString("utf8"));
    const errors: unknown = typeof body === "object" && body !== null && "errors" in body ? body.errors : undefined;
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    return typeof first === "object" && first !== null && "code" in first && typeof first.code === "string" ? first.code : undefined;
  } catch {
    return undefined; // not JSON
  }
}
