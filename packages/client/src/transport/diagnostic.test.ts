import { expect, test } from "vitest";
import { formatDiagnostic, formatDiagnostics } from "./diagnostic.ts";

test("[client/C-17] errors of a body are printed as go-containerregistry does", () => {
  const one = { code: "NAME_UNKNOWN", message: "no such repository" };
  const two = { code: "DENIED", message: "no", detail: { Action: "push" } };
  expect(formatDiagnostic(one)).toBe("NAME_UNKNOWN: no such repository");
  expect(formatDiagnostic({ ...one, detail: "a/b" })).toBe("NAME_UNKNOWN: no such repository; a/b");
  expect(formatDiagnostics([one])).toBe("NAME_UNKNOWN: no such repository");
  expect(formatDiagnostics([one, two])).toBe('multiple errors returned: NAME_UNKNOWN: no such repository; DENIED: no; {"Action":"push"}');
  expect(formatDiagnostics([])).toBe("");
});
