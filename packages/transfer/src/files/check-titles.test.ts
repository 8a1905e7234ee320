import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { copyGraph } from "../copy/copy-graph.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { openFileStore } from "./file-store.ts";
import { TITLE, UNPACK } from "./title.ts";

interface File {
  readonly content: string;
  readonly title: string;
  readonly isPacked?: boolean;
}

const FIRST: File = { content: "one", title: "first" };

/** A store that holds an artifact of files, and its manifest. */
async function artifact(...files: readonly File[]): Promise<readonly [MemoryTarget, Descriptor]> {
  const store = createMemoryStore();
  const push = async (type: string, text: string): Promise<Descriptor> => {
    const described = descriptorOf(type, Buffer.from(text));
    await store.push(described, bytesSource(Buffer.from(text)));
    return described;
  };
  const layers: Descriptor[] = [];
  for (const { content, title, isPacked = false } of files) {
    const annotations = { [TITLE]: title, ...(isPacked && { [UNPACK]: "true" }) };
    layers.push({ ...(await push("text/plain", content)), annotations });
  }
  const config = await push(MEDIA_TYPES.ociEmpty, "{}");
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, artifactType: "application/x.test", config, layers };
  return [store, await push(MEDIA_TYPES.ociManifest, JSON.stringify(manifest))];
}

test.each<[what: string, second: File, code: string]>([
  ["a title that leads out of the folder", { content: "two", title: "../x" }, "ERR_UNSAFE_TITLE"],
  ["the title of other content", { content: "two", title: "first" }, "ERR_DUPLICATE_TITLE"],
  ["a title below another file", { content: "two", title: "first/x" }, "ERR_UNSAFE_TITLE"],
  ["the title of a folder that is there", { content: "two", title: "folder" }, "ERR_UNSAFE_TITLE"],
  ["the title of a file that is there, for a folder", { content: "two", title: "file", isPacked: true }, "ERR_UNSAFE_TITLE"],
  ["a title below a link that is there", { content: "two", title: "link/x" }, "ERR_UNSAFE_TITLE"],
])("nothing of an artifact is written where one file cannot be: %s", async (_, second, code) => {
  const scratch = await temporaryFolder("titles");
  const folder = join(scratch, "in");
  await mkdir(join(folder, "folder"), { recursive: true });
  await writeFile(join(folder, "file"), "");
  await symlink(scratch, join(folder, "link"));
  const [store, manifest] = await artifact(FIRST, second);
  const pulled = copyGraph(store, manifest, await openFileStore(folder));
  await expect(pulled).rejects.toMatchObject({ step: "push", origin: "destination", cause: { code, title: second.title } });
  expect((await readdir(folder)).toSorted()).toEqual(["file", "folder", "link"]);
  expect(await readdir(scratch)).toEqual(["in"]);
});

test("nothing is written where a file is to be kept, unless what comes for it is the same", async () => {
  const folder = await temporaryFolder("titles");
  await writeFile(join(folder, "mine"), "mine");
  const options = { keepOldFiles: true };
  const [other, otherManifest] = await artifact(FIRST, { content: "yours", title: "mine" });
  const refused = copyGraph(other, otherManifest, await openFileStore(folder, options));
  await expect(refused).rejects.toMatchObject({ cause: { code: "ERR_FILE_EXISTS" } });
  expect(await readdir(folder)).toEqual(["mine"]);
  const [same, sameManifest] = await artifact(FIRST, { content: "mine", title: "mine" });
  await copyGraph(same, sameManifest, await openFileStore(folder, options));
  expect((await readdir(folder)).toSorted()).toEqual(["first", "mine"]);
});
