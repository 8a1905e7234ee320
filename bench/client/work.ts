/**
 * Our libraries as a process of their own, as a user would have it: does one piece of work and prints how long that took without its start, in JSON.
 *
 * `work.ts blob HOST REPOSITORY DIGEST SIZE FILE` | `image HOST REPOSITORY TAG FOLDER [FOLDER_OF_THE_SECOND_TIME]` | `push LAYOUT HOST REPOSITORY` |
 * `resolve HOST REPOSITORY COUNT` | `copy FROM TO [FROM TO]...`, of which only the last copy counts
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRemoteRepository, type RemoteRepository } from "@berth/client";
import { decodeManifest, MEDIA_TYPES, parseDigest } from "@berth/oci";
import { descriptorOf, fileSource } from "@berth/oci/node";
import { layoutPath, tagOf } from "./names.ts";

/** How many requests are under way at a time where there are many. */
const CONCURRENCY = 32;

let began = performance.now();
const [verb = "", ...args] = process.argv.slice(2);

async function pullImage(repository: RemoteRepository, tag: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { manifest } = await repository.fetchManifest(tag);
  if (manifest.kind !== "image") throw new TypeError(`Cannot pull a manifest of the kind "${manifest.kind}"`);
  await writeFile(join(folder, "manifest.json"), manifest.raw);
  await each([manifest.config, ...manifest.layers], (blob) => repository.blobs.save(blob, join(folder, blob.digest.replace(":", "-"))));
}

async function pushLayout(layout: string, repository: RemoteRepository, tag: string): Promise<void> {
  const index: { readonly manifests: readonly { readonly digest: string }[] } = JSON.parse(
    await readFile(join(layout, "index.json"), "utf8"),
  );
  const bytes = await readFile(layoutPath(layout, parseDigest(index.manifests[0]?.digest ?? "")));
  const manifest = decodeManifest(bytes, MEDIA_TYPES.ociManifest);
  if (manifest.kind !== "image") throw new TypeError(`Cannot push a manifest of the kind "${manifest.kind}"`);
  await each([manifest.config, ...manifest.layers], async (blob) => {
    if (!(await repository.exists(blob))) await repository.push(blob, await fileSource(layoutPath(layout, blob.digest)));
  });
  await repository.pushReference(descriptorOf(manifest.mediaType, bytes), bytes, tag);
}

async function resolveTags(repository: RemoteRepository, count: number): Promise<void> {
  await each(
    Array.from({ length: count }, (_, number) => tagOf(number)),
    async (tag) => {
      await repository.resolve(tag);
    },
  );
}

/** The engine is loaded here: the other verbs do without it. */
async function copyAll(locations: readonly string[]): Promise<void> {
  const { createEngine } = await import("@berth/transfer");
  const engine = createEngine();
  for (let at = 0; at < locations.length; at += 2) {
    began = performance.now();
    await engine.copy(locations[at] ?? "", locations[at + 1] ?? "");
  }
}

async function each<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

switch (verb) {
  case "blob": {
    const [host, name, digest = "", size, file = ""] = args;
    const target = { mediaType: MEDIA_TYPES.octetStream, digest: parseDigest(digest), size: Number(size) };
    await createRemoteRepository(`${host}/${name}`).blobs.save(target, file);
    break;
  }
  case "image": {
    const [host, name, tag = "", ...folders] = args;
    for (const folder of folders) {
      began = performance.now();
      await pullImage(createRemoteRepository(`${host}/${name}`), tag, folder);
    }
    break;
  }
  case "push": {
    const [layout = "", host, name] = args;
    await pushLayout(layout, createRemoteRepository(`${host}/${name}`), "1");
    break;
  }
  case "resolve": {
    const [host, name, count] = args;
    await resolveTags(createRemoteRepository(`${host}/${name}`), Number(count));
    break;
  }
  case "copy": {
    await copyAll(args);
    break;
  }
  default:
    throw new TypeError(`Cannot do "${verb}": expected blob, image, push, resolve or copy`);
}
console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000 }));
