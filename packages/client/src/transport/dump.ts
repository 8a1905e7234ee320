import { redactHeader, redactJson } from "./redact.ts";
import type { ResponseHeaders } from "./transport.ts";

/** Answers of token servers. */
const TOKEN_REPLY = /"(?:token|access_token|refresh_token)"\s*:\s*"/i;

/** Headers as they may stand in a log, a line each, in the order that they came in. */
export function dumpHead(headers: ResponseHeaders): string {
  return Object.entries(headers)
    .flatMap(([name, value]) => (value === undefined ? [] : [value].flat().map((one) => `${name}: ${redactHeader(name, one)}\n`)))
    .join("");
}

/** A text as it may stand in a log. */
export function dumpBody(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  if (TOKEN_REPLY.test(text)) return "[body omitted: it holds a token]\n";
  return text === "" ? "" : `${redactJson(text)}\n`;
}
