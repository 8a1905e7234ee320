import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createRemoteRepository } from "@berth/client";
import { pushGraph, Random, randomIndex } from "@berth/testkit/images";
import { createScratch, run } from "@berth/testkit/parts";
import { openDockerArchive, openLayout } from "@berth/transfer";
import { expect, onTestFinished, test } from "vitest";
import { startOwnRegistry } from "./support/own-registry.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("the first lines of use that the page of the transfer engine shows do what they say", async () => {
  const registry = await startOwnRegistry();
  onTestFinished(() => registry.close());
  const scratch = await createScratch();
  onTestFinished(() => scratch.remove());
  const index = randomIndex(new Random(3), [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ]);
  await pushGraph(createRemoteRepository(`${registry.host}/library/debian`), index, "12");

  const [, shown = ""] =
    /```ts\n(import \{ createEngine \}[\s\S]*?)```/.exec(await readFile(`${ROOT}packages/transfer/README.md`, "utf8")) ?? [];
  const places: Readonly<Record<string, string>> = {
    "docker.io/library/debian:12": `${registry.host}/library/debian:12`,
    "localhost:5000/debian:12": `${registry.host}/debian:12`,
    "debian:12": `${registry.host}/library/debian:12`,
    "oci:images/debian:12": `oci:${scratch.join("images")}:12`,
    "docker-archive:debian.tar:debian:12": `docker-archive:${scratch.join("debian.tar")}:debian:12`,
  };
  const code = shown.replaceAll(/"([^"]*debian[^"]*)"/g, (_, place: string) => JSON.stringify(places[place] ?? expect.fail(place)));
  expect(code.match(/engine\.copy/g)).toHaveLength(3);
  await run(process.execPath, ["--conditions=berth-source", "--input-type=module", "--eval", code], { cwd: ROOT });

  const copied = createRemoteRepository(`${registry.host}/debian`);
  expect(await copied.resolve("12")).toMatchObject({ digest: index.manifest.digest });
  expect(await (await openLayout(scratch.join("images"))).resolve("12")).toMatchObject({ digest: index.manifest.digest });
  await using archive = await openDockerArchive(scratch.join("debian.tar"));
  expect(archive.images.map(({ repoTags }) => repoTags)).toEqual([["debian:12"]]);
});
