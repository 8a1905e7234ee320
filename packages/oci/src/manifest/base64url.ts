import { ManifestUnverifiedError } from "../content-errors.ts";

/** Decodes base64url with or without padding. @throws {ManifestUnverifiedError} when it is none. */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text)) throw new ManifestUnverifiedError("expected base64url");
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "")), (c) => c.charCodeAt(0));
  } catch (cause) {
    throw new ManifestUnverifiedError("expected base64url", { cause });
  }
}

/** Writes base64url without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += 8190) pieces.push(btoa(String.fromCharCode(...bytes.subarray(i, i + 8190)))); // a multiple of 3: no padding inside
  return pieces.join("").replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
