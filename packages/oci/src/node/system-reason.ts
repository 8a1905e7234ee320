import { getSystemErrorMap } from "node:util";

/** Where the words of the system are hard to understand, or speak of directories. */
const REASONS: Readonly<Record<string, string>> = {
  EDQUOT: "no more space is left for this user",
  EISDIR: "it is a folder",
  ENOENT: "no such file or folder",
  ENOTDIR: "what should be a folder is a file",
};

/**
 * Why the system refused something, in words: `no such file or folder`, `permission denied`. Of an error that is not the system's it is the
 * code, without one `unknown reason`.
 *
 * @param error looked at for its `code` only.
 */
export function systemReason(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? ofSystem(code) ?? (code === "" ? "unknown reason" : code);
}

function ofSystem(code: string): string | undefined {
  for (const [name, words] of getSystemErrorMap().values()) if (name === code) return words;
  return undefined;
}
