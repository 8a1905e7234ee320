import type { Credential } from "@berth/client";
import { Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import { askLine, askSecret, canAsk } from "../connect/ask.ts";
import { loginStore } from "../connect/login-store.ts";
import { readPassword } from "../connect/password.ts";
import { DEFAULT_REGISTRY, hostOf } from "../connect/registry-host.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";

interface LoginFlags {
  readonly user?: string;
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
  readonly identityToken?: boolean;
  readonly verify: boolean;
  readonly authfile?: string;
}

/** `berth login`. */
export function loginCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("[registry]", "HOST or HOST:PORT", DEFAULT_REGISTRY)
    .option("-u, --user <name>", "the user's name; BERTH_USER")
    .addOption(new Option("--username <name>", "the same, as docker has it").hideHelp())
    .option("-p, --password <password>", "the password, for all to see; better use --password-stdin")
    .option("--password-stdin", "read the password from standard input")
    .option("--identity-token", "what is read is a token to get others with, not a password")
    .option("--no-verify", "keep it without asking the registry whether it is good")
    .option("--authfile <file>", "keep it in this file; default: docker's config, or REGISTRY_AUTH_FILE")
    .action(
      act(options, async (session, text: string, flags: LoginFlags) => {
        const registry = hostOf(text);
        session.subject = registry;
        const credential = await credentialOf(session, flags);
        const store = await loginStore(session.io, flags.authfile, (path) =>
          session.warnings.add(`the password is in "${path}", where base64 is all that hides it: a credential helper keeps it better`),
        );
        const { login, serverAddress } = await import("@berth/client");
        const { signal } = session;
        if (flags.verify) await login(registry, credential, { store, signal, connection: await session.connections.optionsFor(registry) });
        else await store.put(serverAddress(registry), credential, { signal });
        const username = credential.username ?? null;
        await session.print({ data: { registry, username, verified: flags.verify }, text: () => "" });
        session.say(`Logged in to ${registry}${username === null ? "" : ` as ${username}`}`);
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet"), { signIn: false });
  return addHelp(command, {
    text: "Asks the registry whether the password is good, and keeps it where docker, podman and others find it.",
    examples: [
      ["berth login localhost:5000", "asks for name and password"],
      ["pass registry | berth login -u alice --password-stdin localhost:5000", "from a program"],
      ["berth login -u alice --identity-token registry.test", "with a token instead of a password"],
    ],
    output: { registry: "the host", username: "null for a token without one", verified: "whether the registry was asked" },
  });
}

async function credentialOf({ io, warnings }: Session, flags: LoginFlags): Promise<Credential> {
  const user = flags.user ?? flags.username ?? (io.env["BERTH_USER"] || undefined);
  if (flags.password !== undefined)
    warnings.add("--password is for all to see, in the list of processes and the shell's history: use --password-stdin");
  const isToken = flags.identityToken === true;
  const username = user ?? (isToken || !canAsk(io) ? undefined : (await askLine(io, "Username: ")).trim());
  if (!isToken && !username) throw new CommandFailure(EXIT_CODE.usage, "no user name: use --user");
  const secret = await secretOf(io, flags, isToken ? "Identity token: " : "Password: ");
  return { ...(username && { username }), ...(isToken ? { refreshToken: secret } : { password: secret }) };
}

async function secretOf(io: Session["io"], { password, passwordStdin }: LoginFlags, question: string): Promise<string> {
  if (password !== undefined && passwordStdin === true)
    throw new CommandFailure(EXIT_CODE.usage, "cannot use --password with --password-stdin");
  if (password !== undefined) return password;
  if (passwordStdin === true) return await readPassword(io);
  if (io.env["BERTH_PASSWORD"]) return io.env["BERTH_PASSWORD"];
  if (canAsk(io)) return await askSecret(io, question);
  throw new CommandFailure(EXIT_CODE.usage, "no terminal to ask for the password: use --password-stdin");
}
