import { firstCredentials, storeCredentials } from "./combine-credentials.ts";
import type { CredentialSource } from "./credential.ts";
import { type CredentialWarningHandler, createDockerConfigStore, type DockerConfigStoreOptions } from "./docker-config-store.ts";
import { type CredentialEnvironment, credentialFiles, resolveEnvironment } from "./environment.ts";
import { githubCredentials } from "./github-credentials.ts";
import { createMemoryStore } from "./memory-store.ts";
import { warnOnce } from "./warn-once.ts";

/** Options of {@link defaultCredentials}. */
export interface DefaultCredentialsOptions extends CredentialEnvironment, Pick<DockerConfigStoreOptions, "trace" | "helperTimeoutMs"> {
  /** What look-ups are for that do not say it themselves. A `pull` goes on when something is broken, a `push` fails; default `pull`. */
  readonly purpose?: "pull" | "push";
  /** Hears what is broken; default `process.emitWarning`, once for each problem. */
  readonly onWarning?: CredentialWarningHandler;
}

/**
 * Finds credentials where people have them. In order: the text in `$DOCKER_AUTH_CONFIG`; docker's config file with its helpers;
 * `$REGISTRY_AUTH_FILE`; the auth.json of podman, buildah and skopeo in `$XDG_RUNTIME_DIR` (else `/run`) and `$XDG_CONFIG_HOME` (else
 * `~/.config`); `$GITHUB_TOKEN` for GitHub's registry. The first one that has a credential for the target counts; nobody has one: undefined.
 * Files and variables are read at each look-up; see `refreshingCredentials` to keep what was found.
 *
 * @throws {CredentialFileError} from look-ups, when a file is malformed; for a push also when one cannot be read.
 * @throws {CredentialHelperError} from look-ups for a push, when a helper does not work. A pull goes on and tells `onWarning`.
 */
export function defaultCredentials(options: DefaultCredentialsOptions = {}): CredentialSource {
  const environment = resolveEnvironment(options);
  const onWarning = options.onWarning ?? warnOnce();
  const files = credentialFiles(environment).map((path) => storeCredentials(createDockerConfigStore({ ...options, path, onWarning })));
  const inline: CredentialSource = async (target) => {
    const dockerConfig = environment.env["DOCKER_AUTH_CONFIG"];
    if (!dockerConfig) return undefined;
    return await createMemoryStore({ dockerConfig, source: "$DOCKER_AUTH_CONFIG" }).find(target);
  };
  const find = firstCredentials(inline, ...files, githubCredentials(environment));
  const purpose = options.purpose ?? "pull";
  return (target, call) => find({ ...target, purpose: target.purpose ?? purpose }, call);
}
