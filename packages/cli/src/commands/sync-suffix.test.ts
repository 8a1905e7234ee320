import { beforeAll, expect, test } from "vitest";
import { type PushedImage, pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const at = useRegistry();
let image: PushedImage;

beforeAll(async () => {
  image = await pushImage(at.embedded.repository("team/app"), { tags: ["v2"], content: "two" });
});

test.each([
  ["copy/a", "v2-m"],
  ["copy/b:q", "q-m"],
])("a suffix stands behind the tag of one image, whether the destination %s names it or not", async (name, tag) => {
  const { host } = at.server;
  const [repository = ""] = name.split(":");
  const stdin = `sync: [{source: "${host}/team/app:v2", destination: "${host}/${name}", suffix: -m}]\n`;
  const stdout = `${host}/${repository}:${tag}@${image.manifest.digest}\n`;
  expect(await berth(["sync", "--dry-run", "-"], { stdin })).toMatchObject({ code: 0, stdout: stdout.replace("\n", " (dry run)\n") });
  expect(await berth(["sync", "-"], { stdin })).toMatchObject({ code: 0, stdout });
  expect((await berth(["ls", `${host}/${repository}`])).stdout).toBe(`${tag}\n`);
});

test("a destination that names a digest alone gets no tag, and so no suffix", async () => {
  const { host } = at.server;
  const place = `${host}/copy/c@${image.manifest.digest}`;
  const stdin = `sync: [{source: "${host}/team/app:v2", destination: "${place}", suffix: -m}]\n`;
  expect(await berth(["sync", "-"], { stdin })).toMatchObject({ code: 0 });
  expect((await berth(["ls", `${host}/copy/c`])).stdout).toBe("");
});
