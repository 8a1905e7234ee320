import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { loginStore } from "../connect/login-store.ts";
import { DEFAULT_REGISTRY, hostOf } from "../connect/registry-host.ts";
import { addOutputFlags } from "../flags/add-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface LogoutFlags {
  readonly authfile?: string;
  readonly dryRun?: boolean;
}

/** `berth logout`. */
export function logoutCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("[registry]", "HOST or HOST:PORT", DEFAULT_REGISTRY)
    .option("--authfile <file>", "forget what this file keeps; default: docker's config, or REGISTRY_AUTH_FILE")
    .option("--dry-run", "only say what would be done")
    .action(
      act(options, async (session, text: string, { authfile, dryRun }: LogoutFlags) => {
        const registry = hostOf(text);
        const store = await loginStore(session.io, authfile);
        const { isAnonymous, logout } = await import("@berth/client");
        const known = await store.find?.({ registry, purpose: "push" }, { signal: session.signal });
        if (dryRun === true) {
          if (isAnonymous(known)) session.say(`Not logged in to ${registry}`);
          else session.io.stdout.write(`would log out of ${registry}\n`);
          return;
        }
        await logout(registry, { store, signal: session.signal });
        session.say(isAnonymous(known) ? `Was not logged in to ${registry}` : `Logged out of ${registry}`);
      }),
    );
  addOutputFlags(command, "quiet");
  return addHelp(command, { examples: [["berth logout localhost:5000", "forget the password, wherever docker's config has it"]] });
}
