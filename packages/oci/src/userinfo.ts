const DIGEST_AT_END = /@(?:sha\d+|[A-Za-z][A-Za-z0-9+._-]*:[0-9A-Fa-f]{32,}).*$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;

/** Layouts and archives, `oci:FOLDER`: paths may well hold an @. */
const PATH = /^(?:oci|ocidir|oci-layout|oci-archive|docker-archive):(?!\/\/)/;

/**
 * Takes user name and password out of a text that was meant for a reference, so that it can be shown: addresses are pasted with them.
 * What cannot be told from a password is taken for one. A path, `oci:FOLDER`, stays as it is.
 *
 * @example
 * ```ts
 * withoutUserinfo("https://me:secret@ghcr.io/acme/app:v1"); // "https://ghcr.io/acme/app:v1"
 * withoutUserinfo("debian@sha256:..."); // as it is
 * ```
 */
export function withoutUserinfo(text: string): string {
  if (PATH.test(text)) return text;
  const [scheme = ""] = SCHEME.exec(text) ?? [];
  const rest = text.slice(scheme.length);
  const named = rest.replace(DIGEST_AT_END, "");
  const at = named.lastIndexOf("@");
  if (at < 0) return text;
  // `debian@v1` is a mistake of another kind
  const isUserinfo = scheme !== "" || /:/.test(named.slice(0, at)) || /\//.test(named.slice(at));
  return isUserinfo ? `${scheme}${rest.slice(at + 1)}` : text;
}
