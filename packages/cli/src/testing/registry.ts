import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { bytesSource, type Descriptor, MEDIA_TYPES, type Target } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";

/** A server of this process on a free port of the loopback. */
export interface TestServer {
  /** Address with port. */
  readonly host: string;
  /** `METHOD path` of everything that arrived. */
  readonly journal: string[];
  /** Ends it at once, with all connections. */
  close(): Promise<void>;
}

/** Serves a handler. */
export async function serveHandler(handler: RequestListener): Promise<TestServer> {
  const journal: string[] = [];
  const server = createServer((request, response) => {
    journal.push(`${request.method} ${request.url}`);
    handler(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    journal,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** An image that was pushed. */
export interface PushedImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layer: Descriptor;
  /** Exact bytes of the manifest and config. */
  readonly bytes: { readonly manifest: Buffer; readonly config: Buffer; readonly layer: Buffer };
}

/** Options of {@link pushImage}. */
export interface PushImageOptions {
  /** Default none. */
  readonly tags?: readonly string[];
  /** Default `amd64`. */
  readonly architecture?: string;
  /** Default `linux`. */
  readonly os?: string;
  /** Makes the layer, and so the image, another one. */
  readonly content?: string;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Pushes a small image, always the same for the same options. */
export async function pushImage(repository: Target, options: PushImageOptions = {}): Promise<PushedImage> {
  const { tags = [], architecture = "amd64", os = "linux", content = "layer", subject, artifactType, annotations } = options;
  const layerBytes = Buffer.from(content);
  const layer = descriptorOf(MEDIA_TYPES.ociLayer, layerBytes);
  const configBytes = Buffer.from(
    JSON.stringify({
      created: "2024-05-06T07:08:09Z",
      architecture,
      os,
      config: { User: "app", Env: ["PATH=/bin"], Cmd: ["sh", "-c", "echo hi"], Labels: { version: "1.2" } },
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
  );
  const config = descriptorOf(MEDIA_TYPES.ociConfig, configBytes);
  const manifestBytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, artifactType, config, layers: [layer], subject, annotations }),
  );
  const manifest = descriptorOf(MEDIA_TYPES.ociManifest, manifestBytes);
  await repository.push({ ...layer, mediaType: MEDIA_TYPES.octetStream }, bytesSource(layerBytes));
  await repository.push({ ...config, mediaType: MEDIA_TYPES.octetStream }, bytesSource(configBytes));
  await repository.push(manifest, bytesSource(manifestBytes));
  for (const tag of tags) await repository.tag(manifest, tag);
  return { manifest, config, layer, bytes: { manifest: manifestBytes, config: configBytes, layer: layerBytes } };
}

/** Pushes an index of images. */
export async function pushIndex(
  repository: Target,
  tag: string,
  images: readonly (readonly [platform: string, image: Descriptor])[],
): Promise<Descriptor> {
  const manifests = images.map(([platform, image]) => {
    const [os, architecture] = platform.split("/");
    return { ...image, platform: { os, architecture } };
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }));
  const index = descriptorOf(MEDIA_TYPES.ociIndex, bytes);
  await repository.push(index, bytesSource(bytes));
  await repository.tag(index, tag);
  return index;
}
