import { expect, test } from "vitest";
import { parseDuration } from "../duration.ts";
import { parseSize } from "../size.ts";
import { CONFIG_SCHEMA } from "./root.ts";
import type { ConfigSchema } from "./schema.ts";

function* walk(schema: ConfigSchema, path: string): Generator<readonly [string, ConfigSchema]> {
  yield [path, schema];
  if (schema.kind === "section")
    for (const [key, below] of Object.entries(schema.keys)) yield* walk(below, path === "" ? key : `${path}.${key}`);
  if (schema.kind === "list") yield* walk(schema.item, `${path}.0`);
  if (schema.kind === "map") yield* walk(schema.value, `${path}.*`);
}

test("every key is documented, can be named by a variable, and has a default of its own kind", () => {
  for (const [path, schema] of walk(CONFIG_SCHEMA, "")) {
    expect(schema.doc, path).toMatch(/\.$/);
    expect(path, "variables split names at underscores").not.toContain("_");
    if (schema.kind === "duration" && schema.default !== undefined)
      expect(parseDuration(schema.default), path).toBeGreaterThanOrEqual(schema.min ?? 0);
    if (schema.kind === "size" && schema.default !== undefined)
      expect(parseSize(schema.default), path).toBeGreaterThanOrEqual(schema.min ?? 0);
    if (schema.kind === "choice" && schema.default !== undefined) expect(schema.values, path).toContain(schema.default);
    if (/password|secret/.test(path)) expect(schema.secret, path).toBe(true);
  }
});
