import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/**
 * Finds out whether a file can be written that is written when all is done: it would be told too late then. Nothing is made.
 *
 * @param flag that names it, for the error.
 * @throws {CommandFailure} exit code 2.
 */
export async function checkWritable(flag: string, path: string): Promise<void> {
  try {
    const found = await stat(path).catch(unlessMissing);
    if (found?.isDirectory() === true) throw new CommandFailure(EXIT_CODE.usage, `cannot write --${flag} "${path}": it is a folder`);
    await access(found === undefined ? dirname(resolve(path)) : path, constants.W_OK);
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const { systemReason } = await import("@berth/oci/node");
    throw new CommandFailure(EXIT_CODE.usage, `cannot write --${flag} "${path}": ${systemReason(error)}`);
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
