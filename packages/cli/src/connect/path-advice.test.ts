import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";
import { parsePlace } from "./parse-place.ts";

const at = useRegistry();

test.each([
  ["./images", "a layout is named oci:./images"],
  ["./images:v1", "a layout is named oci:./images:v1"],
  ["../images", "a layout is named oci:../images"],
  ["/srv/images", "a layout is named oci:/srv/images"],
  ["~/images", "a layout is named oci:$HOME/images"],
  [".", "a layout is named oci:."],
  ["C:\\images", "a layout is named oci:C:\\images"],
  ["./app.tar", "an archive is named oci-archive:./app.tar or docker-archive:./app.tar"],
  ["app.tar", "an archive is named oci-archive:app.tar or docker-archive:app.tar"],
  ["out/app.tar.gz", "an archive is named oci-archive:out/app.tar.gz or docker-archive:out/app.tar.gz"],
  ["/srv/app.tgz", "an archive is named oci-archive:/srv/app.tgz or docker-archive:/srv/app.tgz"],
])("where a path is given for a reference, the right form is told: %s", async (text, advice) => {
  const verbs = [["digest"], ["ls"], ["inspect"], ["cp"], ["cp", at.app], ["push"], ["mutate", "-l", "a=b", "-o", text, at.app], ["gc"]];
  for (const [verb = "", ...words] of verbs) {
    const rest = verb === "mutate" ? [] : verb === "cp" && words.length === 0 ? [text, at.app] : verb === "push" ? [text, "x"] : [text];
    const { code, stdout, stderr } = await berth([verb, ...words, ...rest]);
    expect([verb, code, stdout]).toEqual([verb, 2, ""]);
    expect(stderr).toMatch(/^berth: Cannot use /);
    expect(stderr).toContain(`\nhint: ${advice}\n`);
  }
});

test("names of registries stay what they are, also with the ending of an archive", () => {
  for (const text of ["ghcr.io/acme/app.tar", "localhost/app.tar", "localhost:5000/app.tar", "docker.io/acme/app.tar", "acme/app.tar:v1"])
    expect(parsePlace(text)).toMatchObject({ transport: "registry" });
});

test("what is here, and cannot be a reference, is named as what it is", async () => {
  await pushImage(at.repository, { tags: ["v1"] });
  await berth(["cp", `${at.app}:v1`, `oci:${join(at.folder, "images")}:v1`]);
  mkdirSync(join(at.folder, "Upper"));
  writeFileSync(join(at.folder, "note.txt"), "");
  writeFileSync(join(at.folder, "app.tar"), "");
  const before = process.cwd();
  process.chdir(at.folder);
  onTestFinished(() => process.chdir(before));
  const hintOf = async (...args: readonly string[]): Promise<string> => (await berth(args)).stderr;
  for (const verb of ["digest", "ls"]) {
    expect(await hintOf(verb, "images/")).toContain("hint: a layout is named oci:images/\n");
    expect(await hintOf(verb, "Upper:v1")).toContain("hint: a layout is named oci:Upper:v1\n");
  }
  expect(await hintOf("digest", "./note.txt")).toContain(
    '"./note.txt" is a file, not a reference: its digest: berth digest --file ./note.txt',
  );
  expect(await hintOf("digest", "./app.tar")).toContain(
    '"./app.tar" is a file, not a reference: an archive is named oci-archive:./app.tar',
  );
  expect(await berth(["digest", "oci:images/:v1"])).toMatchObject({ code: 0 });
  await hintOf("cp", `${at.app}:v1`, "./new");
  expect(existsSync("new")).toBe(false);
});
