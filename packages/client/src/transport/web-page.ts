/** True for an answer that was written for people and not for programs: somebody else than who was asked may have given it. */
export function isWebPage(body: Uint8Array, contentType: string | undefined): boolean {
  return /^text\/html/i.test(contentType ?? "") || /^\s*<(?:!doctype|html)/i.test(new TextDecoder().decode(body.subarray(0, 64)));
}
