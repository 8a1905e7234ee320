import { Readable } from "node:stream";
import { RequestError } from "../errors.ts";
import { dumpBody, dumpHead } from "./dump.ts";
import { operationOf } from "./network-error.ts";
import { redactUrl } from "./redact.ts";
import { headerValue, type TransportLayer, type TransportRequest, type TransportResponse } from "./transport.ts";

/** Takes the lines of a debug log. */
export interface LogSink {
  /** One message, of several lines. Holds no secret. */
  write(message: string): void;
  /** False: nothing is written now, so that nothing needs to be made. Default: true. */
  readonly enabled?: () => boolean;
}

/** Bytes of a body that are shown. */
const MAX_SHOWN = 65_536;
/** Bodies that people can read. */
const READABLE = /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|prettyjws)\b)/i;

/**
 * Writes each request and response to a debug log, with the time between them. Credentials, cookies, tokens and signed queries are
 * replaced in the log, never on the wire; bodies are shown when they are short text and hold no token, else left out with the reason.
 * It fails as the transport below it does; the failure is logged.
 */
export function loggingLayer(sink: LogSink): TransportLayer {
  return (inner) => async (request) => {
    if (sink.enabled?.() === false) return inner(request);
    const name = `${request.method} ${redactUrl(request.url)}`;
    sink.write(`--> ${name} (${operationOf(request)})\n${dumpHead(request.headers)}\n${dumpRequestBody(request)}`);
    const began = performance.now();
    const took = (): string => `${(performance.now() - began).toFixed(1)} ms`;
    try {
      const response = await inner(request);
      const waited = took();
      const { shown, response: whole } = await peek(response);
      sink.write(`<-- ${response.status} ${name} (${waited}${byWayOf(response.request.proxy)})\n${dumpHead(response.headers)}\n${shown}`);
      return whole;
    } catch (error) {
      sink.write(`<-- ${String(error)} ${name} (${took()}${byWayOf(error instanceof RequestError ? error.proxy : undefined)})`);
      throw error;
    }
  };
}

function byWayOf(proxy: string | undefined): string {
  return proxy === undefined ? "" : `, through proxy "${proxy}"`;
}

function dumpRequestBody({ body, headers }: TransportRequest): string {
  if (body === undefined) return "";
  const type = headers["content-type"] ?? "";
  const { bytes } = body;
  if (/x-www-form-urlencoded/i.test(type)) return "[body omitted: a form may hold a password]\n";
  if (bytes === undefined || !READABLE.test(type))
    return `[body omitted: ${body.size ?? "unknown number of"} bytes of ${type || "binary content"}]\n`;
  return bytes.byteLength > MAX_SHOWN ? `[body omitted: ${bytes.byteLength} bytes are too long]\n` : dumpBody(bytes);
}

/** Reads a short text so that it can be shown, and puts it back. */
async function peek(response: TransportResponse): Promise<{ readonly shown: string; readonly response: TransportResponse }> {
  const type = headerValue(response.headers, "content-type") ?? "";
  const length = Number(headerValue(response.headers, "content-length") ?? Number.NaN);
  const omit = (reason: string) => ({ shown: `[body omitted: ${reason}]\n`, response });
  if (response.request.method === "HEAD" || response.status === 204 || length === 0) return { shown: "", response };
  if (!READABLE.test(type)) return omit(`binary content of type ${type || "unknown"}`);
  if (!(length <= MAX_SHOWN)) return omit(Number.isNaN(length) ? "its length is not known" : `${length} bytes are too long`);
  const chunks: Uint8Array[] = [];
  let failure: Error | undefined;
  try {
    const source: AsyncIterable<Uint8Array> = response.body;
    for await (const chunk of source) chunks.push(chunk);
  } catch (error) {
    failure = error instanceof Error ? error : new Error("the body broke off", { cause: error });
  }
  const body = Readable.from(replay(chunks, failure), { objectMode: false });
  body.on("error", () => {}); // the reader sees it, when there is one
  const shown = failure === undefined ? dumpBody(Buffer.concat(chunks)) : `[body omitted: ${failure.message}]\n`;
  const { passing: _, ...rest } = response; // its bytes were read
  return { shown, response: { ...rest, body } };
}

async function* replay(chunks: readonly Uint8Array[], failure: Error | undefined): AsyncGenerator<Uint8Array> {
  yield* chunks;
  if (failure !== undefined) throw failure;
}
