import { PAGE_IN_BETWEEN } from "../transport/web-page.ts";

/** What helps when a registry sends its clients to where no token is to be had. */
export const MEND_REALM = "who runs the registry has to mend that";

const LOG_IN = "log in, or check the credentials";

/** By status. */
const ADVICE: Readonly<Record<number, string>> = {
  400: "log in, and check the name of the repository",
  401: LOG_IN,
  403: LOG_IN,
  404: MEND_REALM,
  405: MEND_REALM,
  407: "the proxy wants credentials: give them in its URL",
  429: "wait, or log in for a higher limit",
};

/** Statuses of refusals that are as well those of who stands in front of a token server. */
const OF_ANYBODY: ReadonlySet<number> = new Set([400, 403]);

/** What to do after a token server answered with a status that means failure; undefined: there is nothing to advise. */
export function tokenAdvice(status: number, isPage: boolean): string | undefined {
  if (status >= 500) return "the token server failed: try again later";
  if (status >= 300 && status < 400) return `it redirects to nowhere: ${MEND_REALM}`;
  return isPage && (ADVICE[status] === undefined || OF_ANYBODY.has(status)) ? PAGE_IN_BETWEEN : ADVICE[status];
}
