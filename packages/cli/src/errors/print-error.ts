import type { OutputStream } from "../io.ts";
import type { ErrorReport } from "./error-report.ts";

/** Says a failure on standard error: for people what happened and one line of help, for programs one line of JSON. */
export function printError(stream: OutputStream, report: ErrorReport, asJson: boolean, usage?: string): void {
  if (report.message === "") return;
  const { exitCode: _, ...fields } = report;
  if (asJson) {
    stream.write(`${JSON.stringify(fields)}\n`);
    return;
  }
  stream.write(`berth: ${report.message}\n`);
  if (report.class === "Usage" && usage !== undefined) stream.write(`usage: ${usage}\n`);
  if (report.hint !== undefined) stream.write(`hint: ${report.hint}\n`);
}

/** Says a failure as the last of JSON lines. */
export function printErrorRecord(stream: OutputStream, report: ErrorReport): void {
  if (report.message === "") return;
  const { exitCode: _, ...fields } = report;
  stream.write(`${JSON.stringify({ type: "error", ...fields })}\n`);
}
