import { getSystemErrorMessage } from "node:util";

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "it is a folder",
  ENOENT: "no such file",
  ENOTDIR: "what should be a folder is a file",
};

/** Why a file could not be read, in words. */
export function unreadable(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "unknown reason";
  const known = REASONS[String(error.code)];
  if (known !== undefined) return known;
  return "errno" in error && typeof error.errno === "number" ? getSystemErrorMessage(error.errno) : String(error.code);
}
