import type { CallOptions } from "@berth/oci";
import { timeLimit } from "../number-option.ts";
import { encodeAuthEntry } from "./auth-entry.ts";
import { changeConfigFile, loadConfigFile } from "./config-file.ts";
import type { Credential, CredentialStore, CredentialTarget } from "./credential.ts";
import { detectDefaultHelper } from "./default-helper.ts";
import { type DockerConfig, findEntry, parseDockerConfig, registryHelper, saysAnything } from "./docker-config.ts";
import { type CredentialEnvironment, dockerConfigPath, resolveEnvironment } from "./environment.ts";
import { CredentialFileError, CredentialHelperError, PlaintextPutError } from "./errors.ts";
import { createHelperStore, type HelperStore, type HelperStoreOptions } from "./helper-store.ts";
import { removeJsonMember, setJsonMember } from "./json-edit.ts";
import { keysToDelete } from "./memory-store.ts";
import { addressTarget, helperAddresses } from "./server-address.ts";

/** Hears of a part that could not be asked while a credential was looked for. Messages hold no secrets. */
export type CredentialWarningHandler = (problem: CredentialHelperError | CredentialFileError, target: CredentialTarget) => void;

/** Options of {@link createDockerConfigStore}. */
export interface DockerConfigStoreOptions extends CredentialEnvironment, Pick<HelperStoreOptions, "trace"> {
  /** The file; default `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. */
  readonly path?: string;
  /** Whether `put` may write to the file itself, where base64 is all that hides a password; default false. */
  readonly allowPlaintextPut?: boolean;
  /** Whether to use the system's own helper when the file says nothing about credentials, and to note that at the first put; default false. */
  readonly detectDefaultHelper?: boolean;
  /** `none`: the file's own entries only; default `run`. */
  readonly helpers?: "run" | "none";
  /** Milliseconds that one run of a helper may take; default 30,000; 0 or `Infinity`: no limit. */
  readonly helperTimeoutMs?: number;
  /** When given, a look-up tells of broken helpers and unreadable files here and goes on, unless it is for a push. */
  readonly onWarning?: CredentialWarningHandler;
}

/** A config file with the helpers that it names. */
export interface DockerConfigStore extends CredentialStore {
  /** The file. */
  readonly path: string;
  /** Undefined when neither helpers nor file have one. @throws {CredentialFileError} @throws {CredentialHelperError} see `onWarning`. */
  find(target: CredentialTarget, options?: CallOptions): Promise<Credential | undefined>;
}

/**
 * Keeps credentials where docker does: for a registry in the helper that `credHelpers` names, else in that of `credsStore`, else in the
 * file. Reads also containers' auth.json, whose keys may name parts of a registry. The file is read anew at each call. A look-up goes on
 * from a helper that has nothing to the file's own entries. An absent or blank file says nothing.
 *
 * @throws {TypeError} when no path is given and the environment has no home. @throws {RangeError} on a `helperTimeoutMs` that is none.
 * @see docker config.json, containers-auth.json(5)
 */
export function createDockerConfigStore(options: DockerConfigStoreOptions = {}): DockerConfigStore {
  const path = options.path ?? dockerConfigPath(resolveEnvironment(options));
  if (path === undefined) throw new TypeError("Cannot place docker's config file: the environment has no home folder");
  timeLimit("helperTimeoutMs", options.helperTimeoutMs, 0);
  return new FileAndHelpers(path, options);
}

/**
 * Keeps credentials in one config file and asks no helper, whatever the file names. Plain text is what it is for, so that a put is allowed
 * unless `allowPlaintextPut` is false.
 *
 * Its calls @throws {CredentialFileError} when the file cannot be read or written, and `PlaintextPutError`.
 */
export function createFileStore(path: string, options: { readonly allowPlaintextPut?: boolean } = {}): DockerConfigStore {
  return new FileAndHelpers(path, { allowPlaintextPut: true, ...options, env: {}, helpers: "none" });
}

class FileAndHelpers implements DockerConfigStore {
  readonly path: string;
  readonly #options: DockerConfigStoreOptions;

  constructor(path: string, options: DockerConfigStoreOptions) {
    this.path = path;
    this.#options = options;
  }

  get(serverAddress: string, options?: CallOptions): Promise<Credential | undefined> {
    return this.find(addressTarget(serverAddress), options);
  }

  async find(target: CredentialTarget, options?: CallOptions): Promise<Credential | undefined> {
    const config = await this.#tolerate(target, () => loadConfigFile(this.path, options));
    if (config === undefined) return undefined;
    for (const helper of await this.#helpers(config, target.registry)) {
      for (const address of helperAddresses(target.registry)) {
        const found = await this.#tolerate(target, () => helper.get(address, options));
        if (found !== undefined) return found;
      }
    }
    return findEntry(config, target);
  }

  async put(serverAddress: string, credential: Credential, options?: CallOptions): Promise<void> {
    const config = await loadConfigFile(this.path, options);
    const [helper] = await this.#helpers(config, addressTarget(serverAddress).registry);
    if (helper === undefined) {
      if (this.#options.allowPlaintextPut !== true) throw new PlaintextPutError(this.path);
      const entry = encodeAuthEntry(credential);
      await changeConfigFile(this.path, (text) => setJsonMember(text, ["auths", serverAddress], entry), options);
      return;
    }
    await helper.put(serverAddress, credential, options);
    if (saysAnything(config)) return;
    const suffix = helper.program.slice("docker-credential-".length);
    await changeConfigFile(this.path, (text) => setJsonMember(text, ["credsStore"], suffix), options);
  }

  async delete(serverAddress: string, options?: CallOptions): Promise<void> {
    const config = await loadConfigFile(this.path, options);
    const [helper, ...others] = await this.#helpers(config, addressTarget(serverAddress).registry);
    await helper?.delete(serverAddress, options);
    // Look-ups go on to these, so that what they hold must not come to light; helpers differ in how they erase what is not there.
    for (const other of others) if (await other.get(serverAddress, options)) await other.delete(serverAddress, options);
    if (keysToDelete(config.auths.keys(), serverAddress).length === 0) return;
    await changeConfigFile(
      this.path,
      (text) => {
        const keys = keysToDelete(parseDockerConfig(text, this.path).auths.keys(), serverAddress);
        return keys.reduce((rest, key) => removeJsonMember(rest, ["auths", key]), text);
      },
      options,
    );
  }

  /** Whom to ask before the file's own entries; the first one is where to put. */
  async #helpers(config: DockerConfig, registry: string): Promise<readonly HelperStore[]> {
    if (this.#options.helpers === "none") return [];
    const named = registryHelper(config, registry);
    const chosen = new Map<string, string>();
    if (named !== undefined) chosen.set(named, `"credHelpers" of "${config.file}"`);
    if (config.credsStore !== undefined && !chosen.has(config.credsStore))
      chosen.set(config.credsStore, `"credsStore" of "${config.file}"`);
    if (this.#options.detectDefaultHelper === true && !saysAnything(config)) {
      const detected = await detectDefaultHelper(this.#options);
      if (detected !== undefined) chosen.set(detected, "the PATH");
    }
    return [...chosen].map(([suffix, namedBy]) => this.#helperStore(suffix, namedBy));
  }

  #helperStore(suffix: string, namedBy: string): HelperStore {
    const { env, trace, helperTimeoutMs } = this.#options;
    return createHelperStore(suffix, {
      namedBy,
      ...(env && { env }),
      ...(trace && { trace }),
      ...(helperTimeoutMs !== undefined && { timeoutMs: helperTimeoutMs }),
    });
  }

  async #tolerate<T>(target: CredentialTarget, work: () => Promise<T>): Promise<T | undefined> {
    const { onWarning } = this.#options;
    try {
      return await work();
    } catch (error) {
      const passing = error instanceof CredentialHelperError || (error instanceof CredentialFileError && !error.malformed);
      if (onWarning === undefined || target.purpose === "push" || !passing) throw error;
      onWarning(error, target);
      return undefined;
    }
  }
}
