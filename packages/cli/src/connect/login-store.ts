import type { CredentialStore } from "@berth/client";
import type { CommandIo } from "../io.ts";

/** A store, and the file that it is about. */
export interface LoginStore extends CredentialStore {
  readonly path: string;
}

/**
 * Where `login` keeps credentials: where docker does, in a helper when there is one; with `--authfile` or `REGISTRY_AUTH_FILE` in that file.
 *
 * @param onPlainText called when a password goes into the file itself.
 */
export async function loginStore(
  io: CommandIo,
  authFile: string | undefined,
  onPlainText: (path: string) => void = () => undefined,
): Promise<LoginStore> {
  const { createDockerConfigStore, PlaintextPutError } = await import("@berth/client");
  const path = authFile ?? (io.env["DOCKER_CONFIG"] ? undefined : io.env["REGISTRY_AUTH_FILE"] || undefined);
  const options = { env: io.env, detectDefaultHelper: path === undefined, ...(path !== undefined && { path }) };
  const strict = createDockerConfigStore(options);
  const plain = createDockerConfigStore({ ...options, allowPlaintextPut: true });
  return {
    path: strict.path,
    get: async (address, call) => await strict.get(address, call),
    find: async (target, call) => await strict.find(target, call),
    delete: async (address, call) => await strict.delete(address, call),
    async put(address, credential, call) {
      try {
        await strict.put(address, credential, call);
      } catch (error) {
        if (!(error instanceof PlaintextPutError)) throw error;
        await plain.put(address, credential, call);
        onPlainText(strict.path);
      }
    },
  };
}
