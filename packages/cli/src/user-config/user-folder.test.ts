import { expect, test } from "vitest";
import { userFolder } from "./user-folder.ts";

test.each([
  [{ HOME: "/home/a", XDG_CACHE_HOME: "/c" }, "/c"],
  [{ HOME: "/home/a", XDG_CACHE_HOME: "relative" }, "/home/a/.cache"],
  [{ HOME: "/home/a", XDG_CACHE_HOME: "" }, "/home/a/.cache"],
  [{ XDG_CACHE_HOME: "relative" }, undefined],
  [{ HOME: "" }, undefined],
])("the folder of caches with %j is %s", (env, folder) => {
  expect(userFolder(env, "CACHE")).toBe(folder);
});

test("what is remembered and what is set have folders of their own", () => {
  expect([userFolder({ HOME: "/h" }, "STATE"), userFolder({ HOME: "/h" }, "CONFIG")]).toEqual(["/h/.local/state", "/h/.config"]);
});
