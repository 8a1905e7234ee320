import { UserFileError } from "../errors/user-file-error.ts";
import type { ConfigMistake } from "./readers.ts";

/**
 * Parses YAML and checks it.
 *
 * @param what how messages call the file: `config file`.
 * @throws {UserFileError} with every mistake and its place, one a line.
 */
export async function checkedYaml<T>(
  source: string,
  { path, what, code }: { readonly path: string; readonly what: string; readonly code: UserFileError["code"] },
  check: (document: unknown) => { readonly config: T; readonly mistakes: readonly ConfigMistake[] },
): Promise<T> {
  const { isNode, LineCounter, parseDocument } = await import("yaml"); // 20 ms that nobody without a file has to wait for
  const fail = (message: string): UserFileError => new UserFileError(code, message);
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const at = (offset: number | undefined): string => {
    const { line, col } = lineCounter.linePos(offset ?? 0);
    return `${path}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw fail(`Cannot use ${what}: ${at(broken.pos[0])}: ${broken.message}`);
  const { config, mistakes } = check(document.toJS({ maxAliasCount: 100 }));
  if (mistakes.length === 0) return config;
  const lines = mistakes.map(({ path: keys, reason }) => {
    const node = document.getIn(keys, true);
    const name = keys.length === 0 ? "the file" : keys.join(".");
    return `${at(isNode(node) ? node.range?.[0] : undefined)}: ${name}: ${reason}`;
  });
  throw fail(lines.length === 1 ? `Cannot use ${what}: ${lines[0]}` : `Cannot use ${what}:\n  ${lines.join("\n  ")}`);
}
