import { errorText, parseErrorBody } from "@berth/oci";
import { AuthError, ResponseError } from "../errors.ts";
import { failureOf } from "../transport/network-error.ts";
import { readStart } from "../transport/read-bounded.ts";
import type { TransportResponse } from "../transport/transport.ts";

const MAX_BODY = 65_536;
const MAX_REASON = 300;

/** The error for a token server that gave no token. Closes the response. Its `cause` holds the status and the parsed errors. */
export async function tokenRefusal(response: TransportResponse, operation: string): Promise<AuthError> {
  const { bytes } = await readStart(response.body, MAX_BODY);
  const errors = parseErrorBody(bytes);
  const { status, headers, request } = response;
  const failure = { ...failureOf(request), operation, retryable: status === 429 || status >= 500 };
  const reason = errors.length > 0 ? errors.slice(0, 3).map(errorText).join("; ") : reasonOf(bytes);
  const words = reason === "" ? "" : ` (${reason.slice(0, MAX_REASON)})`;
  const message = `Cannot ${operation}: the token server "${request.url.host}" answered ${status}${words}`;
  return new AuthError(message, { ...failure, cause: new ResponseError(message, { ...failure, status, errors, headers }) });
}

/** What servers with other forms of error say: OAuth2's `error`, and `details` and `message` of some. */
function reasonOf(body: Uint8Array): string {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value !== "object" || value === null) return "";
    const fields: Readonly<Record<string, unknown>> = { ...value };
    const words = ["error", "error_description", "details", "message"].map((name) => fields[name]);
    return words.filter((word) => typeof word === "string" && word !== "").join(": ");
  } catch {
    return ""; // not JSON: a page of a proxy, which explains nothing in a line
  }
}
