import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/** The registry that `login` and its like mean when nobody says. */
export const DEFAULT_REGISTRY = "docker.io";

/** The host of a registry as people paste it: with a scheme, a slash, the name of a repository. @throws {CommandFailure} */
export function hostOf(text: string): string {
  const [host = ""] = text.replace(/^(?:https?|oci|docker):\/\//, "").split("/", 1);
  const [, named] = /^.*@(.*)$/s.exec(text) ?? [];
  if (named !== undefined)
    throw new CommandFailure(
      EXIT_CODE.usage,
      `a registry is named without a user name and a password, which berth login asks for: "${named}"`,
    );
  if (host === "" || /\s/.test(host)) throw new CommandFailure(EXIT_CODE.usage, `"${text}" is no registry: expected HOST or HOST:PORT`);
  return host;
}
