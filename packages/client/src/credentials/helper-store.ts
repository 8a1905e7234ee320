import type { CallOptions } from "@berth/oci";
import { timeLimit } from "../number-option.ts";
import { concealed } from "./conceal.ts";
import { type Credential, type CredentialStore, isAnonymous } from "./credential.ts";
import { isHelperSuffix } from "./docker-config.ts";
import { type CredentialEnvironment, resolveEnvironment } from "./environment.ts";
import { type CredentialHelperAction, CredentialHelperError, InvalidCredentialError } from "./errors.ts";
import { complaint, type CredentialHelperTrace, DEFAULT_HELPER_TIMEOUT_MS, helperReason, runHelper } from "./helper-process.ts";

/** What helpers say when they have nothing; an exit code other than 0 goes with it. */
const NOT_FOUND = "credentials not found in native keychain";

/** The username that stands for "the secret is a refresh token". */
const TOKEN_USER = "<token>";

/** Options of {@link createHelperStore}. */
export interface HelperStoreOptions extends Pick<CredentialEnvironment, "env"> {
  /** Milliseconds that one run may take; default 30,000; 0 or `Infinity`: no limit. */
  readonly timeoutMs?: number;
  /** Default: nobody is told. */
  readonly trace?: CredentialHelperTrace;
  /** What names the helper, for errors: `"credsStore" of "/home/a/.docker/config.json"`. */
  readonly namedBy?: string;
}

/** Keeps credentials in a program of the system: a key chain, `pass`, a cloud's token maker. */
export interface HelperStore extends CredentialStore {
  /** The program: `docker-credential-pass`. */
  readonly program: string;
  /** Usernames by server address. */
  list(options?: CallOptions): Promise<ReadonlyMap<string, string>>;
}

/**
 * Makes a store of `docker-credential-<suffix>`, which is started once a call, never through a shell. Nothing is started yet.
 *
 * @throws {CredentialHelperError} from each call, when the program is missing, fails, takes too long or answers nonsense; what it printed is
 * in the message only when it failed, that on standard error only when there is nothing else.
 * @throws {TypeError} when the suffix is no part of a file name. @throws {RangeError} on a `timeoutMs` that is none.
 * @see docker-credential-helpers, "Development"
 */
export function createHelperStore(suffix: string, options: HelperStoreOptions = {}): HelperStore {
  if (suffix === "" || !isHelperSuffix(suffix))
    throw new TypeError("Cannot use credential helper: its name may have letters, digits and _ . + @ - only");
  const program = `docker-credential-${suffix}`;
  const { trace, namedBy } = options;
  const timeoutMs = timeLimit("timeoutMs", options.timeoutMs, DEFAULT_HELPER_TIMEOUT_MS);
  const { env } = resolveEnvironment(options);
  const advice = namedBy === undefined ? `install "${program}"` : `install "${program}", or remove "${suffix}" from ${namedBy}`;

  /** Undefined: the helper has nothing. */
  const execute = async (action: CredentialHelperAction, input: string, { signal }: CallOptions, secrets: readonly string[] = []) => {
    const { stdout, stderr, success } = await runHelper({
      program,
      action,
      input,
      env,
      timeoutMs,
      advice,
      secrets,
      ...(signal && { signal }),
    });
    if (success) return stdout;
    const said = stdout.trim();
    if (said === NOT_FOUND) return undefined;
    const reason = helperReason(said, secrets) || complaint(stderr, secrets) || "it failed without a word";
    throw new CredentialHelperError({ helper: program, action, reason });
  };
  const traced = async <T>(action: CredentialHelperAction, work: () => Promise<T>): Promise<T> => {
    trace?.executeStart?.(program, action);
    let failure: unknown;
    try {
      return await work();
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      trace?.executeDone?.(program, action, failure);
    }
  };
  const answer = (action: CredentialHelperAction, stdout: string): ReadonlyMap<string, unknown> => {
    try {
      const parsed: unknown = JSON.parse(stdout);
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return new Map(Object.entries(parsed));
    } catch {
      // said below: the cause would show what the helper printed
    }
    throw new CredentialHelperError({ helper: program, action, reason: "its answer is not a JSON object" });
  };

  return {
    program,
    get: (address, call = {}) =>
      traced("get", async () => {
        const stdout = await execute("get", address, call);
        if (stdout === undefined) return undefined;
        const fields = answer("get", stdout);
        const [username, secret] = [fields.get("Username") ?? "", fields.get("Secret") ?? ""];
        if (typeof username !== "string" || typeof secret !== "string") {
          throw new CredentialHelperError({ helper: program, action: "get", reason: "its answer has a field that is not a string" });
        }
        return concealed(username === TOKEN_USER ? { refreshToken: secret } : { username, password: secret });
      }),
    put: (address, credential, call = {}) =>
      traced("store", async () => {
        const input = JSON.stringify({ ServerURL: address, ...helperFields(credential) });
        await execute("store", input, call, [input, credential.password ?? "", credential.refreshToken ?? ""]);
      }),
    delete: (address, call = {}) =>
      traced("erase", async () => {
        await execute("erase", address, call);
      }),
    list: (call = {}) =>
      traced("list", async () => {
        const stdout = await execute("list", "", call);
        return new Map([...answer("list", stdout ?? "{}")].map(([address, username]) => [address, String(username)]));
      }),
  };
}

function helperFields(credential: Credential): { readonly Username: string; readonly Secret: string } {
  const { username = "", password = "", refreshToken } = credential;
  if (refreshToken) return { Username: TOKEN_USER, Secret: refreshToken };
  if (isAnonymous({ username, password })) {
    throw new InvalidCredentialError("credential helpers take a username with a password, or a refresh token");
  }
  return { Username: username, Secret: password };
}
