import { Readable } from "node:stream";
import { parseErrorBody } from "@berth/oci";
import { readStart } from "../transport/read-bounded.ts";
import type { TransportResponse } from "../transport/transport.ts";

const MAX_BODY = 65_536;
const CODES: ReadonlySet<string> = new Set(["DENIED", "UNAUTHORIZED"]);
const EXPIRED = /(?:token|authorization|jwt|credential)[^\n]{0,80}\bexpired|\bexpired\b[^\n]{0,80}(?:token|jwt)/i;

/**
 * Finds out whether a 400 or 403 means that the token has expired, as some clouds' registries have it. The body is read for that; the
 * response that comes back can be read as if it had not been, up to 64 KiB.
 *
 * @param pastLife whether the token is older than its life by our clock: then a plain refusal is reason enough.
 */
export async function blamesExpiredToken(
  response: TransportResponse,
  pastLife: boolean,
): Promise<{ readonly blames: boolean; readonly response: TransportResponse }> {
  const { bytes } = await readStart(response.body, MAX_BODY);
  const refused = response.request.method === "HEAD" || parseErrorBody(bytes).some(({ code }) => CODES.has(code));
  const blames = (pastLife && refused) || EXPIRED.test(bytes.toString("latin1"));
  return { blames, response: { ...response, body: Readable.from(bytes.byteLength === 0 ? [] : [bytes], { objectMode: false }) } };
}
