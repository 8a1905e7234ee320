import { type Dispatcher, request } from "undici";
import { ResponseError } from "../errors.ts";
import type { Transport, TransportResponse } from "../transport/transport.ts";

export const temporaryBase: Transport = async (one) => {
  const response = await request(one.url, {
    method: one.method as Dispatcher.HttpMethod,
    headers: { ...one.headers, ...(one.body?.size !== undefined && { "content-length": String(one.body.size) }) },
    body: (one.body?.bytes ?? one.body?.open() ?? null) as never,
    ...(one.signal && { signal: one.signal }),
  });
  return { status: response.statusCode, headers: response.headers, body: response.body, request: one };
};

export async function temporaryCheck(response: TransportResponse, expect: readonly number[]): Promise<TransportResponse> {
  if (expect.includes(response.status)) return response;
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const { method, url, operation = "send request" } = response.request;
  const { parseErrorBody } = await import("@berth/oci");
  const body = Buffer.concat(chunks);
  throw new ResponseError(`Cannot ${operation}: ${response.status}`, {
    operation,
    method,
    url: url.href,
    status: response.status,
    errors: parseErrorBody(body),
    headers: response.headers,
    body,
  });
}
