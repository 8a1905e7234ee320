import { concealed } from "./conceal.ts";
import type { CredentialSource } from "./credential.ts";
import type { CredentialEnvironment } from "./environment.ts";
import { isSameRegistry } from "./server-address.ts";

/** Logs in to GitHub's registry with `GITHUB_TOKEN`, as `GITHUB_ACTOR` or, since the name does not matter there, as anybody. */
export function githubCredentials({ env = process.env }: Pick<CredentialEnvironment, "env"> = {}): CredentialSource {
  return async ({ registry }) => {
    const token = env["GITHUB_TOKEN"];
    if (!token || !isSameRegistry(registry, "ghcr.io")) return undefined;
    return concealed({ username: env["GITHUB_ACTOR"] || "unset", password: token });
  };
}
