import { Readable } from "node:stream";
import type { ResponseHeaders, Transport, TransportRequest, TransportResponse } from "../transport.ts";

/** What a {@link FakeTransport} answers, or throws. */
export interface FakeReply {
  readonly status?: number;
  readonly headers?: ResponseHeaders;
  readonly body?: string | Readable;
  readonly error?: unknown;
}

/** A transport without a network: gives its replies in turn, the last one for ever, and remembers the requests. */
export interface FakeTransport extends Transport {
  readonly requests: TransportRequest[];
  readonly bodies: Readable[];
}

/** Makes a {@link FakeTransport}. */
export function fakeTransport(
  ...replies: readonly (FakeReply | ((request: TransportRequest) => FakeReply | Promise<FakeReply>))[]
): FakeTransport {
  const requests: TransportRequest[] = [];
  const bodies: Readable[] = [];
  const send = async (request: TransportRequest): Promise<TransportResponse> => {
    const source = replies[Math.min(requests.length, replies.length - 1)];
    requests.push(request);
    const { status = 200, headers = {}, body = "", error } = (typeof source === "function" ? await source(request) : source) ?? {};
    if (error !== undefined) return Promise.reject(error);
    const stream = typeof body === "string" ? Readable.from(body === "" ? [] : [Buffer.from(body)]) : body;
    bodies.push(stream);
    return { status, headers, body: stream, request };
  };
  return Object.assign(send, { requests, bodies });
}

/** A request to make tests short. */
export function fakeRequest(url: string, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url: new URL(url), headers: {}, ...more };
}

/** What a call failed with. */
export async function failureOfCall(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
