import { type CredentialEnvironment, hasProgram, resolveEnvironment } from "./environment.ts";

/**
 * The suffix of the helper that fits the system, when its program is there: `osxkeychain`, `wincred`, and on Linux `pass`, or
 * `secretservice` where `pass` is not installed.
 *
 * @see docker cli, credentials.DetectDefaultStore
 */
export async function detectDefaultHelper(environment: CredentialEnvironment = {}): Promise<string | undefined> {
  const resolved = resolveEnvironment(environment);
  const suffix =
    resolved.platform === "darwin"
      ? "osxkeychain"
      : resolved.platform === "win32"
        ? "wincred"
        : resolved.platform === "linux"
          ? (await hasProgram("pass", resolved))
            ? "pass"
            : "secretservice"
          : undefined;
  return suffix !== undefined && (await hasProgram(`docker-credential-${suffix}`, resolved)) ? suffix : undefined;
}
