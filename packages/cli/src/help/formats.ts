import { TEMPLATE_FUNCTIONS } from "../output/template-functions.ts";

/** `berth help formats`. */
export function formatsPage(): string {
  return `Formats

  --format text                  for people; the default
  --format json                  for programs; "berth COMMAND --help" lists the fields, which stay as they are
  --format yaml                  the same as YAML
  --format go-template=TEMPLATE  the fields in a template; a text with {{ is one, even without the prefix
  --format jsonpath=PATH         the values that a path finds, one a line

Where a registry says how much may still be asked of it, every result has rateLimits: a list with registry, and as far as it
says it limit, remaining, windowSeconds, resetSeconds and source.

With --progress json, standard output gets one object a line: {"type":"progress"} for each step of each blob and manifest,
with id, action, current, total and last, and where the action is failed with message, class and code; {"type":"wait"} when
a registry asks to slow down (429), with registry, status and delayMs. The last line is {"type":"result"} with the fields of
the result, with --format json too (other formats cannot be with it), or {"type":"error"} with class, code, message and,
where they are known, registry, status, retryAfterMs and hint; when some of many things failed, the result is the line
before it. Where content goes to standard output, these lines go to standard error.

Templates are those of Go's text/template, as far as command lines need them:

  {{.digest}}  {{.Digest}}       a field; letters' case does not matter
  {{index .annotations "a.b/c"}} a field with any name; {{index .layers 0}} an item
  {{range .layers}}{{println .digest}}{{else}}none{{end}}
  {{range $i, $one := .tags}}...{{end}}
  {{if eq .mediaType "x"}}...{{else if .subject}}...{{else}}...{{end}}
  {{with .platform}}{{.}}{{end}}
  {{printf "%-20s %8d" .name .size}}
  {{.annotations | json}}        pipelines: the value is the last argument
  {{raw}}                        the exact bytes that the answer was read from
  {{- .digest -}}                white space around it goes

Functions:
${columns([...TEMPLATE_FUNCTIONS.keys()].toSorted(), 11)}

Paths: $.layers[0].digest, .layers[-1], .layers[0:2], .manifests[*].platform.os, ..digest, .annotations['a.b/c'],
.manifests[?(@.platform.os=="linux")].
`;
}

/** Words in lines of so many each. */
function columns(words: readonly string[], count: number): string {
  const lines: string[] = [];
  for (let at = 0; at < words.length; at += count) lines.push(`  ${words.slice(at, at + count).join("  ")}`);
  return lines.join("\n");
}
