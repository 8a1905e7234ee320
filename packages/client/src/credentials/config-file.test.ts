import { writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { changeConfigFile } from "./config-file.ts";
import { testHome } from "./helper-programs.test-support.ts";

test.each([['{"before":1}'], [undefined]])("[client/B-57] what another process writes meanwhile is kept (%j)", async (before) => {
  const { join } = await testHome();
  const path = join("config.json");
  if (before !== undefined) writeFileSync(path, before);
  const seen: string[] = [];
  await changeConfigFile(path, (text) => {
    if (seen.push(text) === 1) writeFileSync(path, '{"other":2}');
    return text.replace("{", '{"mine":3,').replace(",}", "}");
  });
  expect(seen).toEqual([before ?? "{}", '{"other":2}']);
  expect(await readFile(path, "utf8")).toBe('{"mine":3,"other":2}');
  expect((await readdir(join("."))).filter((name) => name.startsWith("config.json"))).toEqual(["config.json"]);
});

test("[client/B-57] a file that is never left alone is written in the end", async () => {
  const { join } = await testHome();
  const path = join("config.json");
  let count = 0;
  await changeConfigFile(path, () => {
    writeFileSync(path, `{"other":${++count}}`);
    return '{"mine":1}';
  });
  expect(await readFile(path, "utf8")).toBe('{"mine":1}');
});
