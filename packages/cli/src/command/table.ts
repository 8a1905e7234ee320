import type { CommandEntry } from "./row.ts";

const LOOK = "Look:";
const CHANGE = "Change:";
const SIGN_IN = "Sign in:";
const SERVE = "Run a registry:";
const HELP = "Help:";

/** Every command. To add one: a file in `commands`, and a row here. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "serve",
    summary: "run a registry",
    group: SERVE,
    load: async () => (await import("../commands/serve.ts")).serveCommand,
  },
  {
    name: "config",
    summary: "check a server's configuration, read an image's config",
    group: SERVE,
    commands: [
      {
        name: "check",
        summary: "find the mistakes in a configuration file; starts nothing",
        load: async () => (await import("../commands/config-check.ts")).configCheckCommand,
      },
    ],
  },
  {
    name: "htpasswd",
    summary: "make an entry of a password file",
    group: SERVE,
    load: async () => (await import("../commands/htpasswd.ts")).htpasswdCommand,
  },
  {
    name: "api-describe",
    summary: "describe the registry's HTTP API",
    group: SERVE,
    load: async () => (await import("../commands/api-describe.ts")).apiDescribeCommand,
  },
  {
    name: "digest",
    summary: "print the digest of an image, of files, or of standard input",
    group: LOOK,
    load: async () => (await import("../commands/digest.ts")).digestCommand,
  },
  {
    name: "version",
    summary: "print the version",
    group: HELP,
    load: async () => (await import("../commands/version.ts")).versionCommand,
  },
];
