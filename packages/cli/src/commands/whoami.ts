import type { Credential } from "@berth/client";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { DEFAULT_REGISTRY, hostOf } from "../connect/registry-host.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

/** `berth whoami`. */
export function whoamiCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("[registry]", "HOST or HOST:PORT", DEFAULT_REGISTRY)
    .option("--no-verify", "do not ask the registry whether it still knows us")
    .action(
      act(options, async (session, text: string, { verify }: { readonly verify: boolean }) => {
        const registry = hostOf(text);
        session.subject = registry;
        const { signal } = session;
        const { acknowledged, createConnection, isAnonymous, staticCredentials } = await import("@berth/client");
        const source = await session.connections.credentialsFor(registry);
        const credential = await source?.({ registry, purpose: "pull" }, { signal });
        if (credential === undefined || isAnonymous(credential))
          throw new CommandFailure(EXIT_CODE.auth, `nobody is logged in to ${registry}`);
        if (verify) {
          const options = await session.connections.optionsFor(registry);
          // what was found is shown and tried: a helper that is asked twice may ask its user twice
          const connection = createConnection(registry, { ...options, credentials: staticCredentials(registry, credential) });
          try {
            const operation = `ask "${registry}" who we are`;
            await acknowledged(await connection.send({ method: "GET", target: "/v2/", operation, expect: [200], signal }));
          } finally {
            await connection.close();
          }
        }
        const kind = kindOf(credential);
        const username = credential.username ?? null;
        await session.print({ data: { registry, username, kind, verified: verify }, text: () => `${username ?? kind}\n` });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format"));
  return addHelp(command, {
    text: "Exits 3 when nobody is logged in, or the registry no longer takes the password.",
    examples: [["berth whoami localhost:5000", "the user's name"]],
    output: {
      registry: "the host",
      username: "null when only a token is known",
      kind: "password, identity-token or token",
      verified: "whether the registry was asked",
    },
  });
}

function kindOf({ accessToken, refreshToken }: Credential): "password" | "identity-token" | "token" {
  if (accessToken) return "token";
  return refreshToken ? "identity-token" : "password";
}
