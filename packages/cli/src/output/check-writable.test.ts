import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const at = useRegistry();

test.each(["digest-file", "refs-file"])("a --%s that cannot be written ends a copy before anything is asked or moved", async (flag) => {
  await pushImage(at.repository, { tags: ["v1"] });
  mkdirSync(at.path);
  writeFileSync(join(at.path, "file"), "");
  at.server.journal.length = 0;
  for (const [path, reason] of [
    [join(at.path, "none", "out"), "no such file or folder"],
    [join(at.path, "file", "out"), "what should be a folder is a file"],
    [at.path, "it is a folder"],
  ] as const) {
    expect(await berth(["cp", `--${flag}`, path, `${at.app}:v1`, `${at.app}:v2`])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(`cannot write --${flag} "${path}": ${reason}\n`),
    });
  }
  expect(at.server.journal).toEqual([]);
  const fine = join(at.path, "out");
  expect(await berth(["cp", `--${flag}`, fine, `${at.app}:none`, `${at.app}:v2`])).toMatchObject({ code: 4 });
  expect(existsSync(fine)).toBe(false);
});
