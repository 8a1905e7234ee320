import { expect, test } from "vitest";
import { fakeIo } from "../testing/fake-io.ts";
import { parseFormat } from "./format.ts";
import { formatResult, printResult } from "./print-result.ts";

const RESULT = {
  data: { reference: "r.test/a", digest: undefined, tags: [{ name: "v1", size: 3 }] },
  text: () => "v1\n",
  raw: Buffer.from('{"a":1}'),
};

test.each([
  [undefined, "v1\n"],
  ["text", "v1\n"],
  ["json", '{\n  "reference": "r.test/a",\n  "tags": [\n    {\n      "name": "v1",\n      "size": 3\n    }\n  ]\n}\n'],
  ["yaml", "reference: r.test/a\ntags:\n  - name: v1\n    size: 3\n"],
  ["go-template={{range .tags}}{{.name}}{{end}}", "v1\n"],
  ["{{.reference}}{{println}}", "r.test/a\n"],
  ["{{raw}}", '{"a":1}'],
  ["jsonpath=.tags[*].name", "v1\n"],
  ["jsonpath=.tags", '[{"name":"v1","size":3}]\n'],
  ["jsonpath=.nothing", ""],
])("a result as %s", async (format, expected) => {
  expect(await formatResult(parseFormat(format), RESULT)).toBe(expected);
});

test("templates and paths find parts of the data without the way there, behind what the data itself holds", async () => {
  const result = {
    ...RESULT,
    data: { digest: "sha256:a", content: { os: "linux", digest: "b" } },
    shortcuts: { os: "linux", digest: "b" },
  };
  expect(await formatResult(parseFormat("{{.os}} {{.digest}} {{.content.digest}} {{.none}}"), result)).toBe(
    "linux sha256:a b <no value>\n",
  );
  expect(await formatResult(parseFormat("jsonpath=..os"), result)).toBe("linux\n");
  expect(await formatResult(parseFormat("jsonpath=.os"), result)).toBe("linux\n");
  expect(await formatResult(parseFormat("jsonpath=.digest"), result)).toBe("sha256:a\n");
});

test("a template that does not fit the result is no wrong use: the work was done", async () => {
  const { io, stdout } = fakeIo();
  const printed = printResult(io.stdout, parseFormat("{{index .tags 9}}"), RESULT);
  await expect(printed).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining("did what it was to do") });
  expect(stdout()).toBe("");
});

test("an unknown format is told with those that there are", () => {
  expect(() => parseFormat("xml")).toThrow('cannot use --format "xml": expected text, json, yaml, go-template=TEMPLATE or jsonpath=PATH');
});
