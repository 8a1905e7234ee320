import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  createAuthority,
  createScratch,
  type DistributionOptions,
  type PartName,
  requirePart,
  type RunningRegistry,
  type Scratch,
  startConfigured,
  type TestUser,
} from "@berth/testkit/parts";
import { createSigningKey, startTokenServer, type TokenServer } from "@berth/testkit/token-server";

/** A server that is running, and what one needs to talk to it. */
export interface RunningServer extends RunningRegistry {
  /** Who gets in, when not everybody does. */
  readonly user?: TestUser;
  /** For clients that need files: the authority of its certificate, and the certificate that clients must show. */
  readonly tls?: ServerTls;
  /** The token server that decides who gets in. */
  readonly tokens?: TokenServer;
}

/** What a client needs to speak HTTPS to a server, as PEM texts and as files. */
export interface ServerTls {
  readonly ca: string;
  readonly caPath: string;
  readonly client?: { readonly cert: string; readonly key: string; readonly certPath: string; readonly keyPath: string };
}

/** What some servers cannot do. */
export type Ability = "referrers" | "untag" | "tag pages" | "sha512" | "strangers";

/** One server of the list. */
export interface Server {
  readonly name: string;
  readonly needs: readonly PartName[];
  /** What it cannot do, and why. */
  readonly lacks: Partial<Readonly<Record<Ability, string>>>;
  /** Starts it over an empty folder. */
  start(): Promise<RunningServer>;
}

const MAIN = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));

/** The user of every server that lets not everybody in. */
export const USER: TestUser = { username: "alice", password: "correct:horse battery" };

/** How a server is guarded. */
type Guard = "plain" | "htpasswd" | "token" | "TLS" | "mutual TLS";

const GUARD_PARTS: Readonly<Record<Guard, readonly PartName[]>> = {
  plain: [],
  htpasswd: ["htpasswd"],
  token: ["openssl"],
  TLS: ["openssl"],
  "mutual TLS": ["openssl"],
};

const CLOSED: Server["lacks"] = { strangers: "only its user gets in" };

const DISTRIBUTION_LACKS: Server["lacks"] = {
  referrers: "the reference registry has no referrers API",
};

/** Every server that suites run over. `BERTH_INTEROP_REGISTRY` names the program of one more, of the reference registry's kind. */
export const SERVERS: readonly Server[] = [
  ...guarded(
    "Berth",
    [process.execPath, "--conditions=berth-source", MAIN, "serve"],
    ["plain", "htpasswd", "token", "TLS", "mutual TLS"],
    [],
    {},
  ),
  ...guarded("docker-registry", undefined, ["plain", "htpasswd", "token", "TLS"], ["docker-registry"], {
    ...DISTRIBUTION_LACKS,
    untag: "the reference registry deletes manifests by digest only before 3.0",
    "tag pages": "the reference registry gives all tags at once and in no order before 3.0",
  }),
  ...extraServers(),
];

function extraServers(): readonly Server[] {
  const program = process.env["BERTH_INTEROP_REGISTRY"];
  if (program === undefined || program === "") return [];
  const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim().split(/\s+/).at(-1);
  return guarded(`registry ${version}`, [program, "serve"], ["plain", "htpasswd", "token", "TLS"], [], DISTRIBUTION_LACKS);
}

function guarded(
  name: string,
  command: readonly string[] | undefined,
  guards: readonly Guard[],
  needs: readonly PartName[],
  lacks: Server["lacks"],
): readonly Server[] {
  const commandOf = (): readonly string[] => command ?? [requirePart("docker-registry").command("docker-registry"), "serve"];
  return guards.map((guard) => ({
    name: `${name}, ${guard}`,
    needs: [...needs, ...GUARD_PARTS[guard]],
    lacks: guard === "htpasswd" || guard === "token" ? { ...lacks, ...CLOSED } : lacks,
    start: () => startGuarded(commandOf(), guard),
  }));
}

async function startGuarded(command: readonly string[], guard: Guard): Promise<RunningServer> {
  if (guard === "plain") return await startConfigured(command);
  if (guard === "htpasswd") return { ...(await startConfigured(command, { user: USER })), user: USER };
  const scratch = await createScratch();
  try {
    return guard === "token" ? await startWithTokens(command, scratch) : await startWithTls(command, scratch, guard === "mutual TLS");
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}

async function startWithTokens(command: readonly string[], scratch: Scratch): Promise<RunningServer> {
  const { ca } = await createAuthority(scratch.path);
  const tokens = await startTokenServer({
    users: [USER],
    grant: (user, { actions }) => (user === undefined ? [] : actions),
    key: createSigningKey(ca),
  });
  try {
    const { realm, service, issuer } = tokens;
    const running = await startConfigured(command, { token: { realm, service, issuer, certificate: ca.cert } });
    return {
      ...running,
      user: USER,
      tokens,
      stop: () => stopAll(running, { stop: () => tokens.close() }, { stop: () => scratch.remove() }),
    };
  } catch (error) {
    await tokens.close();
    throw error;
  }
}

async function startWithTls(command: readonly string[], scratch: Scratch, mutual: boolean): Promise<RunningServer> {
  const { ca, server, client } = await createAuthority(scratch.path);
  const options: DistributionOptions = {
    tls: { certPath: server.certPath, keyPath: server.keyPath, ...(mutual && { clientCaPath: ca.certPath }) },
  };
  const running = await startConfigured(command, options);
  return {
    ...running,
    tls: { ca: ca.cert, caPath: ca.certPath, ...(mutual && { client }) },
    stop: () => stopAll(running, { stop: () => scratch.remove() }),
  };
}

async function stopAll(...parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  for (const part of parts) await part.stop();
}
