import { redactUri } from "./log-fields.ts";

/** One request, when its answer is over. */
export interface AccessLogEntry {
  /** The client's, without port. */
  readonly remoteAddress: string;
  /** Name of who signed in; undefined: nobody. */
  readonly user?: string | undefined;
  readonly startedAt: Date;
  readonly method: string;
  /** As the client sent it. */
  readonly uri: string;
  /** `1.1` or `2.0`. */
  readonly httpVersion: string;
  /** 499 when the client went away before the end. */
  readonly status: number;
  /** Bytes of the body that were sent. */
  readonly bytes: number;
  /** As the client sent it. */
  readonly referer?: string | undefined;
  /** As the client sent it. */
  readonly userAgent?: string | undefined;
  /** The `http.request.id` of log lines and the `X-Request-Id` of answers that say an error. */
  readonly requestId: string;
}

const MONTHS: readonly string[] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** One line of Apache's combined log, with the request id in quotes after it, and a newline (X4). */
export function formatAccessLine(entry: AccessLogEntry): string {
  const request = `${entry.method} ${redactUri(entry.uri)} HTTP/${entry.httpVersion}`;
  const agents = `${quoted(redactUri(entry.referer ?? ""))} ${quoted(entry.userAgent ?? "")}`;
  return `${entry.remoteAddress} - ${bare(entry.user)} [${stamp(entry.startedAt)}] ${quoted(request)} ${entry.status} ${entry.bytes} ${agents} ${quoted(entry.requestId)}\n`;
}

let lastSecond = -1;
let lastStamp = "";

/** `10/Oct/2000:13:55:36 +0000`. Most lines of a busy second share it. */
function stamp(at: Date): string {
  const second = Math.floor(at.getTime() / 1000);
  if (second !== lastSecond) {
    const iso = at.toISOString();
    lastStamp = `${iso.slice(8, 10)}/${MONTHS[at.getUTCMonth()] ?? ""}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
    lastSecond = second;
  }
  return lastStamp;
}

/** Nothing a client sends can end the quotes or the line. */
function quoted(text: string): string {
  return `"${escape(text)}"`;
}

function bare(user: string | undefined): string {
  return user === undefined || user === "" ? "-" : escape(user).replaceAll(" ", "\\x20");
}

function escape(text: string): string {
  return text.replaceAll(/["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) =>
    char === '"' || char === "\\" ? `\\${char}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
