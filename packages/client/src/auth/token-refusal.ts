import { errorText } from "@berth/oci";
import { AuthError, type ResponseError } from "../errors.ts";
import { responseError } from "../transport/check-response.ts";
import { serverOf } from "../transport/network-error.ts";
import { headerValue, type TransportResponse } from "../transport/transport.ts";
import { describeAnswer } from "./describe-answer.ts";

const MAX_REASON = 300;

/** The error for a token server that gave no token. Closes the response. Its `cause` holds the status and the parsed errors. */
export async function tokenRefusal(response: TransportResponse, operation: string): Promise<AuthError> {
  const cause = await responseError(response, [200]);
  const said = cause.errors.length > 0 ? cause.errors.slice(0, 3).map(errorText).join("; ") : otherReason(cause);
  const isBare = said !== "" || cause.body.byteLength === 0;
  const reason = isBare ? said : describeAnswer(cause.body, headerValue(response.headers, "content-type"));
  const words = reason === "" ? "" : ` (${reason.slice(0, MAX_REASON)})`;
  const hint = cause.status === 401 || cause.status === 403 ? "; log in, or check the credentials" : "";
  const message = `Cannot ${operation}: the token server ${serverOf(response.request)} answered ${cause.status}${words}${hint}`;
  const { method, url, attempts, retryable, proxy } = cause;
  return new AuthError(message, { operation, method, url, attempts, retryable, cause, ...(proxy !== undefined && { proxy }) });
}

/** What servers with other forms of error say: OAuth2's `error`, and `details` and `message` of some. */
function otherReason({ body }: ResponseError): string {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value !== "object" || value === null) return "";
    const fields: Readonly<Record<string, unknown>> = { ...value };
    const words = ["error", "error_description", "details", "message"].map((name) => fields[name]);
    return words.filter((word) => typeof word === "string" && word !== "").join(": ");
  } catch {
    return ""; // not JSON: a page of a proxy, perhaps
  }
}
