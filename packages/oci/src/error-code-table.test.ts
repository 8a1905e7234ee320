import { expect, test } from "vitest";
import { createErrorCodeTable, ERROR_CODE_GROUPS, ErrorCodeTable } from "./error-code-table.ts";
import { ERROR_CODES } from "./error-codes.ts";

const row = { code: "QUOTA", status: 403, message: "full", description: "The quota is used up" };

test("[server/R4] codes are found by code and by group", () => {
  const table = createErrorCodeTable();
  expect(table.groups()).toEqual(["errcode", "registry.api.v2"]);
  expect(table.group(ERROR_CODE_GROUPS.common).map(({ code }) => code)).toEqual([
    "DENIED",
    "TOOMANYREQUESTS",
    "UNAUTHORIZED",
    "UNAVAILABLE",
    "UNKNOWN",
    "UNSUPPORTED",
  ]);
  expect(table.groups().flatMap((name) => table.group(name))).toHaveLength(ERROR_CODES.size);
  expect(table.get("DENIED")?.status).toBe(403);
  expect([table.get("NOPE"), table.group("nope")]).toEqual([undefined, []]);
});

test("[server/R4] a code can be registered once", () => {
  const table = createErrorCodeTable();
  table.register("mine", row);
  expect(table.group("mine")).toEqual([row]);
  expect(() => table.register("other", row)).toThrow(TypeError);
  expect(() => table.register("mine", { ...row, code: "DENIED" })).toThrow(TypeError);
  expect(new ErrorCodeTable().groups()).toEqual([]);
});
