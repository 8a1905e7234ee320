import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { OutputStream } from "../io.ts";
import type { OutputFormat } from "./format.ts";
import { TemplateError } from "./template-error.ts";

/** What a command found out. */
export interface Result {
  /** What programs get: plain objects, lists, texts and numbers. Its form is part of what users rely on. */
  readonly data: unknown;
  /** What people get, with the end of its last line. */
  readonly text: () => string;
  /** What templates and paths find beside the data, unless that has the name: parts of it without the way there. */
  readonly shortcuts?: object;
  /** The bytes that the data was read from, for `{{raw}}`. */
  readonly raw?: Uint8Array;
}

/**
 * Writes a result as `--format` says. A template is filled and a path followed before anything is written.
 *
 * @throws {CommandFailure} for a template that does not fit the result: no wrong use, for what the command is for was done by then.
 */
export async function printResult(stream: OutputStream, format: OutputFormat, result: Result): Promise<void> {
  const text = await formatResult(format, result).catch((error: unknown) => {
    if (!(error instanceof TemplateError)) throw error;
    throw new CommandFailure(EXIT_CODE.failure, `${error.message}; the command itself did what it was to do`);
  });
  if (text !== "") stream.write(text); // nothing to say is no reason to fail where nothing can be said
}

/** Finds the mistakes of a template or path before there is anything to fill it with. @throws {TemplateError} */
export async function checkFormat(format: OutputFormat): Promise<void> {
  if (format.kind === "go-template") (await import("./template-evaluate.ts")).compileTemplate(format.expression);
  if (format.kind === "jsonpath") (await import("./json-path.ts")).compileJsonPath(format.expression);
}

/** The text of a result. @throws {TemplateError} */
export async function formatResult(format: OutputFormat, { data, text, raw, shortcuts }: Result): Promise<string> {
  switch (format.kind) {
    case "text":
      return text();
    case "json":
      return `${JSON.stringify(data, undefined, 2)}\n`;
    case "yaml": {
      const { stringify } = await import("yaml");
      return stringify(withoutUndefined(data), { lineWidth: 0 });
    }
    case "go-template": {
      const { compileTemplate } = await import("./template-evaluate.ts");
      const world = raw === undefined ? {} : { raw: Buffer.from(raw).toString("utf8") };
      const filled = compileTemplate(format.expression)(withShortcuts(withoutUndefined(data), shortcuts), world);
      return isRaw(format.expression) ? filled : endLine(filled);
    }
    case "jsonpath": {
      const { compileJsonPath } = await import("./json-path.ts");
      const path = compileJsonPath(format.expression);
      const direct = path(withoutUndefined(data));
      const found = direct.length === 0 && shortcuts !== undefined ? path(shortcuts) : direct;
      return endLine(found.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n"));
    }
  }
}

function withShortcuts(data: unknown, shortcuts: object | undefined): unknown {
  return shortcuts === undefined ? data : Object.assign({}, shortcuts, data);
}

/** Exact bytes get no line's end that they do not have. */
function isRaw(template: string): boolean {
  return /^\{\{-?\s*raw\s*-?\}\}$/.test(template);
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** What JSON would leave out is left out for all formats. */
function withoutUndefined(data: unknown): unknown {
  const plain: unknown = JSON.parse(JSON.stringify(data ?? null));
  return plain;
}
