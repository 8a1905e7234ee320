import {
  BlobMountedError,
  type BlobUploader,
  BlobUploadUnknownError,
  type CallOptions,
  type CreateUploadOptions,
  parseRepositoryName,
} from "@berth/oci";
import { createDigester } from "@berth/oci/node";
import { statBlob } from "../blob-stat.ts";
import type { Connection } from "../connection.ts";
import { defaultBackoff, type UploadBackoff } from "./chunk-sender.ts";
import { chunkSizeOf } from "./push-options.ts";
import { RemoteBlobUpload } from "./remote-blob-upload.ts";
import { requestMount } from "./request-mount.ts";
import { uploadRoute, UploadSession } from "./session.ts";

/** Options of {@link createBlobUploader}. */
export interface BlobUploaderOptions {
  /** Bytes of a request, which are held in memory until there are as many; default 16 MiB. Raised to what the registry wants at least. */
  readonly chunkSize?: number;
  /** Refuses upload locations on other origins than the registry's; default false: they are used, without credentials. */
  readonly strictLocation?: boolean;
  /** Default: 200 ms, twice as long each time, up to 10 s. */
  readonly backoff?: UploadBackoff;
}

/** {@link BlobUploader} of a repository at a registry. */
export interface RemoteBlobUploader extends BlobUploader {
  /** Starts an upload. @throws {BlobMountedError} when `mount` made it needless. */
  create(options?: CreateUploadOptions): Promise<RemoteBlobUpload>;
  /** `id` is the address that an upload had when it was closed. @throws {BlobUploadUnknownError} */
  resume(id: string, options?: CallOptions): Promise<RemoteBlobUpload>;
}

/**
 * Stores blobs of a repository in steps; `pushBlob` is the shorter way when the content is at hand.
 *
 * @throws {InvalidReferenceError} on a bad name. @throws {RangeError} on a bad chunk size.
 * @see OCI distribution-spec, "Pushing a blob in chunks"
 */
export function createBlobUploader(connection: Connection, repository: string, options: BlobUploaderOptions = {}): RemoteBlobUploader {
  const name = parseRepositoryName(repository);
  const { backoff = defaultBackoff } = options;
  const settings = { chunkSize: chunkSizeOf(options), backoff };
  const plain = uploadRoute(connection, name, options);
  return {
    async create({ mount, digestAlgorithm: algorithm, signal }: CreateUploadOptions = {}): Promise<RemoteBlobUpload> {
      signal?.throwIfAborted();
      const digester = createDigester(algorithm);
      if (mount !== undefined) {
        const digest = mount.stat?.digest ?? mount.digest;
        const route = uploadRoute(connection, name, { ...options, from: mount.from });
        const answer = await requestMount(route, { digest, from: mount.from }, signal);
        if (answer.kind === "started") return new RemoteBlobUpload(answer.session, { ...settings, digester });
        if (answer.kind === "mounted") {
          const descriptor = mount.stat ?? (await statBlob(route, digest, { scopes: route.scopes, signal }));
          throw new BlobMountedError({ from: mount.from ?? "another repository", descriptor });
        }
      }
      const session = await UploadSession.start(plain, { algorithm, signal });
      if (session === undefined) throw new TypeError("Cannot start upload: nothing was to be mounted"); // a start without mount gives one
      return new RemoteBlobUpload(session, { ...settings, digester });
    },
    async resume(id, { signal } = {}): Promise<RemoteBlobUpload> {
      signal?.throwIfAborted();
      const url = URL.parse(id);
      if (url === null || !/^https?:$/.test(url.protocol)) throw new BlobUploadUnknownError(id);
      const session = new UploadSession(plain, url);
      await session.locate(signal);
      return new RemoteBlobUpload(session, settings);
    },
  };
}
