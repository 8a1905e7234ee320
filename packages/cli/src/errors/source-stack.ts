import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";

/** A place in a script of the bundle: path, line, column. */
const FRAME = /((?:[A-Za-z]:)?[/\\][^():\n]+\.cjs):(\d+):(\d+)/g;

/** A stack trace with places in sources instead of the bundle that they became. Where no map is beside a script its places stay. */
export function sourceStack(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(FRAME, (frame, script: string, line: string, column: string) => {
    if (!maps.has(script)) maps.set(script, readMap(script));
    const found = maps.get(script)?.findOrigin(Number(line), Number(column));
    if (found === undefined || !("fileName" in found)) return frame;
    return `${resolve(dirname(script), found.fileName)}:${found.lineNumber}:${found.columnNumber}`;
  });
}

function readMap(script: string): SourceMap | undefined {
  try {
    const map: unknown = JSON.parse(readFileSync(`${script}.map`, "utf8"));
    return isMap(map) ? new SourceMap(map) : undefined;
  } catch {
    return undefined; // there is none, or it is damaged: the trace is still one
  }
}

/** It was made with the script: that it is one is all there is to see. */
function isMap(value: unknown): value is SourceMapPayload {
  return typeof value === "object" && value !== null && "mappings" in value && "sources" in value;
}
