import type { Connection, PreparedRequest } from "./connection.ts";
import type { Response } from "./response-scanner.ts";

/** What a request carries besides its method and path. */
export interface RequestContent {
  readonly type?: string;
  /** Sent one after the other. */
  readonly body: readonly Uint8Array[];
}

/** The bytes of a request, body included. */
export function prepareRequest(method: string, path: string, content?: RequestContent): PreparedRequest {
  const type = content?.type === undefined ? "" : `Content-Type: ${content.type}\r\n`;
  const length = content === undefined ? 0 : content.body.reduce((sum, part) => sum + part.byteLength, 0);
  const withLength = content !== undefined || method === "POST" ? `Content-Length: ${length}\r\n` : "";
  const head = Buffer.from(`${requestHead(method, path)}${type}${withLength}\r\n`, "latin1");
  const small = content !== undefined && length < 64 * 1024;
  const parts = content === undefined ? [head] : small ? [Buffer.concat([head, ...content.body])] : [head, ...content.body];
  return { parts, isHead: method === "HEAD" };
}

/** A whole request without a body, as text. */
export function formatRequest(method: string, path: string, accept?: string): string {
  return `${requestHead(method, path)}${accept === undefined ? "" : `Accept: ${accept}\r\n`}\r\n`;
}

function requestHead(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: berth-bench\r\n`;
}

/** Sends a request that must be answered with this status. @throws {Error} with the answer otherwise. */
export async function send(connection: Connection, request: PreparedRequest, status: number): Promise<Response> {
  const response = await connection.exchange(request);
  if (response.status !== status) {
    const [line] = Buffer.from(request.parts[0] ?? "")
      .toString("latin1")
      .split("\r\n", 1);
    throw new Error(`Cannot measure: "${line}" was answered with ${response.status}, expected ${status}: ${response.error}`);
  }
  return response;
}

const LOCATION = /\r\nlocation: *([^\r]*)/i;

/** Path and query of where a response says to go on, with a further parameter. */
export function locationOf(response: Response, parameter?: string): string {
  const location = LOCATION.exec(response.head)?.[1];
  if (location === undefined) throw new Error("Cannot go on with an upload: the answer has no Location");
  const path = location.startsWith("http") ? location.slice(location.indexOf("/", 8)) : location;
  if (parameter === undefined) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${parameter}`;
}
