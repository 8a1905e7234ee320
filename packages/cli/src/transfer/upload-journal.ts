import { join } from "node:path";
import type { RemoteRepository } from "@berth/client";
import type { UploadJournal, UploadKey } from "@berth/transfer";
import type { CommandIo } from "../io.ts";
import { userFolder } from "../user-config/user-folder.ts";

/** Milliseconds that a registry has to answer that an upload is gone. */
const CANCEL_MS = 5000;

/** Where a run keeps what the next one goes on with; undefined without a home. */
export function stateFolder(env: CommandIo["env"]): string | undefined {
  const folder = userFolder(env, "STATE");
  return folder && join(folder, "berth");
}

/** Where uploads are remembered; undefined without a home. */
export function journalFolder(env: CommandIo["env"]): string | undefined {
  const folder = stateFolder(env);
  return folder && join(folder, "uploads");
}

/** A journal that knows which uploads of this run are not over. */
export class OpenUploads implements UploadJournal {
  readonly #inner: UploadJournal;
  readonly #open = new Map<string, { readonly key: UploadKey; readonly upload: string }>();

  constructor(inner: UploadJournal) {
    this.#inner = inner;
  }

  async find(key: UploadKey): Promise<string | undefined> {
    const upload = await this.#inner.find(key);
    if (upload !== undefined) this.#open.set(nameOf(key), { key, upload });
    return upload;
  }

  note(key: UploadKey, upload: string): void {
    this.#open.set(nameOf(key), { key, upload });
    this.#inner.note(key, upload);
  }

  async forget(key: UploadKey): Promise<void> {
    this.#open.delete(nameOf(key));
    await this.#inner.forget(key);
  }

  /** Takes back the uploads into these repositories, and forgets them. Never fails. */
  async cancel(repositories: Iterable<RemoteRepository>): Promise<void> {
    const { createBlobUploader } = await import("@berth/client");
    const byName = new Map([...repositories].map((one) => [`${one.registry}/${one.name}`, one]));
    await Promise.all(
      [...this.#open.values()].map(async ({ key, upload }) => {
        const repository = byName.get(`${key.registry}/${key.repository}`);
        await this.forget(key);
        if (repository === undefined) return;
        const signal = AbortSignal.timeout(CANCEL_MS);
        try {
          const begun = await createBlobUploader(repository.connection, repository.name).resume(upload, { signal });
          await begun.cancel({ signal });
        } catch {
          // registries drop what nobody goes on with
        }
      }),
    );
  }
}

function nameOf({ registry, repository, digest }: UploadKey): string {
  return `${registry}/${repository}@${digest}`;
}
