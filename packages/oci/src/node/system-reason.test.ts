import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemReason } from "./system-reason.ts";

const reasonOfReading = async (path: string): Promise<string> => systemReason(await readFile(path).catch((error: unknown) => error));

test("systemReason() says why the system refused", async () => {
  expect(await reasonOfReading(tmpdir())).toBe("it is a folder");
  expect(await reasonOfReading(join(tmpdir(), "berth-nowhere"))).toBe("no such file or folder");
  expect(await reasonOfReading(join(import.meta.filename, "file"))).toBe("what should be a folder is a file");
  expect(systemReason({ code: "EACCES" })).toBe("permission denied");
  expect(systemReason({ code: "ENOSPC" })).toBe("no space left on device");
  expect(systemReason({ code: "EDQUOT" })).toBe("no more space is left for this user");
});

test("systemReason() of what is no error of the system is its code, or nothing that is known", () => {
  expect(systemReason({ code: "ERR_STREAM_DESTROYED" })).toBe("ERR_STREAM_DESTROYED");
  expect([systemReason(new Error("ENOENT")), systemReason(undefined), systemReason("ENOENT")]).toEqual(Array(3).fill("unknown reason"));
});
