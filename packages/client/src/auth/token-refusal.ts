import { errorText } from "@berth/oci";
import { AuthError, type ResponseError } from "../errors.ts";
import { responseError } from "../transport/check-response.ts";
import { oneLine } from "../transport/plain-text.ts";
import { whoAnswered } from "../transport/response-message.ts";
import { headerValue, type TransportResponse } from "../transport/transport.ts";
import { isWebPage } from "../transport/web-page.ts";
import { describeAnswer } from "./describe-answer.ts";
import { tokenAdvice } from "./token-advice.ts";

const MAX_REASON = 300;

/** The error for a token server that gave no token. Closes the response. Its `cause` holds the status and the parsed errors. */
export async function tokenRefusal(response: TransportResponse, operation: string): Promise<AuthError> {
  const cause = await responseError(response, [200]);
  const contentType = headerValue(response.headers, "content-type");
  const reason = oneLine(reasonOf(cause, contentType)).slice(0, MAX_REASON);
  const advice = cause.fromProxy ? tokenAdvice(407, false) : tokenAdvice(cause.status, isWebPage(cause.body, contentType));
  const answer = `${cause.fromProxy ? "" : "the token server "}${whoAnswered(cause, response.request)} answered ${cause.status}${reason === "" ? "" : ` (${reason})`}`;
  const message = `Cannot ${operation}: ${answer}${advice === undefined ? "" : `; ${advice}`}`;
  const { method, url, attempts, retryable, proxy } = cause;
  return new AuthError(message, { operation, method, url, attempts, retryable, cause, ...(proxy !== undefined && { proxy }) });
}

/** In the server's words where it has any; empty: it said nothing. */
function reasonOf(cause: ResponseError, contentType: string | undefined): string {
  if (cause.body.byteLength === 0) return "";
  if (cause.errors.length > 0) return cause.errors.slice(0, 3).map(errorText).join("; ");
  return otherReason(cause) || describeAnswer(cause.body, contentType);
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
