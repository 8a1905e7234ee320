import { expect, test } from "vitest";
import { compileTemplate } from "./template-evaluate.ts";
import { TemplateError } from "./template-error.ts";

const DATA = {
  reference: "r.test/app@sha256:1",
  mediaType: "application/x",
  size: 1234,
  annotations: { "a.b/c": "x y", title: "t" },
  layers: [
    { digest: "sha256:aa", size: 1 },
    { digest: "sha256:bb", size: 22 },
  ],
  empty: [],
  flag: true,
};

function fill(template: string, data: unknown = DATA, raw?: string): string {
  return compileTemplate(template)(data, raw === undefined ? {} : { raw });
}

test.each([
  ["{{.reference}}", "r.test/app@sha256:1"],
  ["{{.MediaType}} {{ .mediatype }}", "application/x application/x"],
  ["{{$.size}} {{(index .layers 1).digest}}", "1234 sha256:bb"],
  ["{{index .annotations `a.b/c`}}", "x y"],
  ["{{.nothing}}|{{.nothing.deeper}}", "<no value>|<no value>"],
  ["{{range .layers}}{{println .digest .size}}{{end}}", "sha256:aa 1\nsha256:bb 22\n"],
  ["{{range $i, $one := .layers}}{{$i}}={{$one.size}};{{end}}", "0=1;1=22;"],
  ["{{range $name, $value := .annotations}}{{$name}}:{{$value}} {{end}}", "a.b/c:x y title:t "],
  ["{{range .empty}}x{{else}}none{{end}}", "none"],
  ['{{if eq .mediaType "a" "application/x"}}yes{{else}}no{{end}}', "yes"],
  ["{{if .empty}}a{{else if gt .size 1000}}b{{else}}c{{end}}", "b"],
  ["{{if and .flag (not .empty)}}both{{end}}{{if or .empty .nothing}}x{{end}}", "both"],
  ["{{with .annotations}}{{.title}}{{else}}none{{end}} {{with .nothing}}x{{else}}none{{end}}", "t none"],
  ["{{$sum := 0}}{{range .layers}}{{$sum = .size}}{{end}}{{$sum}}", "22"],
  ['{{printf "%-6s|%4d|%v|%q|%%" .annotations.title .size .flag "a\\"b"}}', 't     |1234|true|"a\\"b"|%'],
  ['{{printf "%8s|" "ab"}}', "      ab|"],
  ["{{len .layers}} {{len .mediaType}} {{len .annotations}}", "2 13 2"],
  ["{{.annotations | json}}", '{"a.b/c":"x y","title":"t"}'],
  ['{{.mediaType | printf "<%s>" | upper}}', "<APPLICATION/X>"],
  ['{{join (split "a,b" ",") "-"}}', "a-b"],
  ["a {{- .size -}} b", "a1234b"],
  ["a{{/* not shown */}}b {{- /* nor this */ -}} c", "abc"],
  ['{{"\\u00e9\\n"}}{{true}}{{nil}}{{-5}}', "é\ntrue<no value>-5"],
  ["{{.layers}} {{.annotations}}", "[map[digest:sha256:aa size:1] map[digest:sha256:bb size:22]] map[a.b/c:x y title:t]"],
  ["{{if le .size 1234}}{{if ge .size 1234}}{{if ne .size 1}}{{if lt .mediaType `b`}}ok{{end}}{{end}}{{end}}{{end}}", "ok"],
])("a template does what Go's does: %s", (template, expected) => {
  expect(fill(template)).toBe(expected);
});

test("raw gives the exact bytes, and only where there are some", () => {
  expect(fill("{{raw}}", {}, '{ "a" :1}')).toBe('{ "a" :1}');
  expect(() => fill("{{raw}}")).toThrow("column 3: raw: there are no raw bytes of this");
});

test.each([
  ["{{.a", 1, '"{{" has no "}}"'],
  ["ab {{if .a}}x", 14, '"if" of column 4 has no "end"'],
  ["{{end}}", 1, '"end" has nothing to end'],
  ["{{nope .a}}", 3, 'unknown function "nope", expected one of and, '],
  ["{{.a .b}}", 6, "only functions take values"],
  ["{{.a | .b}}", 8, "only functions take values"],
  ["{{#}}", 3, "cannot read"],
  ["{{(len .a}}", 3, '"(" has no ")"'],
  ["{{}}", 1, "a value is missing"],
  ["{{range .a}}{{else range .b}}{{end}}", 20, 'cannot use "range" behind "else"'],
  ['{{"\\z"}}', 4, 'unknown escape "\\z"'],
  ["{{if .a}}{{else}}{{else}}{{end}}", 18, 'expected "end"'],
  ["{{$a, $b, $c := .x}}", 5, "unexpected"],
])("a mistake in a template is told with its column: %s", (template, column, reason) => {
  const mistake = catchError(() => compileTemplate(template));
  expect(mistake).toBeInstanceOf(TemplateError);
  expect(mistake.message).toContain(`cannot use go-template: column ${column}: `);
  expect(mistake.message).toContain(reason);
});

test.each([
  ["{{index .layers 9}}", "index: there is no item 9 among 2"],
  ["{{len .size}}", "len: cannot tell the length of a number"],
  ['{{printf "%d" .mediaType}}', 'printf: "%d" needs a number, got a text'],
  ['{{printf "%s"}}', 'printf: "%s" has no value'],
  ['{{printf "a" 1}}', "printf: 1 values more than the format shows"],
  ['{{printf "%z" 1}}', 'printf: unknown verb "%z"'],
  ["{{lt .size .mediaType}}", "lt: cannot compare a number with a text"],
  ["{{$x}}", 'unknown variable "$x"'],
  ["{{range .size}}{{end}}", "cannot range over this"],
])("what cannot be done with the data is told: %s", (template, reason) => {
  expect(() => fill(template)).toThrow(reason);
});

test("templates have limits: their length, blocks within each other, what they write", () => {
  expect(() => compileTemplate("x".repeat(70_000))).toThrow("longer than 65536 characters");
  expect(() => compileTemplate("{{if .a}}".repeat(60))).toThrow("more than 50 blocks");
  expect(() => compileTemplate(`{{${"(".repeat(60)}`)).toThrow(/no "}}"|brackets/);
  const many = Array.from({ length: 1000 }, () => 1);
  expect(() =>
    fill("{{range .}}{{range $}}{{range $}}{{end}}{{end}}{{end}}{{range .}}{{range $}}{{range $}}x{{end}}{{end}}{{end}}", many),
  ).toThrow("steps");
});

function catchError(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it did not fail");
}
