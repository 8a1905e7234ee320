import { dirname, isAbsolute, join, relative } from "node:path";
import { systemReason } from "./system-reason.ts";

/** What Node makes of an error of the system: `ENOENT: no such file or directory, open '/x'`. */
const OF_SYSTEM = /^(E[A-Z0-9]+): [^,]+, (\w+)(?: '([^']*)')?(?: -> '[^']*')?$/;

/** What was tried, by the name of the system's call. */
const TRIED: Readonly<Record<string, string>> = {
  access: "read",
  lstat: "read",
  mkdir: "make folder",
  opendir: "read folder",
  rename: "write",
  rm: "remove",
  rmdir: "remove folder",
  scandir: "read folder",
  stat: "read",
  unlink: "remove",
};

/**
 * An error of the file system in plain words: `Cannot read "app.tar": no such file or folder`. Other messages stay what they are.
 *
 * @param message as Node made it.
 * @param folder paths below it are told as seen from there; default: the one that the process works in.
 */
export function systemMessage(message: string, folder: string = process.cwd()): string {
  const [, code = "", call = "", path] = OF_SYSTEM.exec(message) ?? [];
  if (code === "") return message;
  const tried = TRIED[call] ?? call;
  return `Cannot ${tried}${path === undefined ? "" : ` "${asTyped(path, folder)}"`}: ${systemReason({ code })}`;
}

/** Whether something is an error of the file system, as Node throws them: those of the network, and of processes, are none. */
export function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && OF_SYSTEM.exec(error.message)?.[1] === error.code;
}

/** A path as it was probably given: below the folder that we are in, and without the name that a file has until it is whole. */
function asTyped(path: string, folder: string): string {
  const [, hidden, visible] =
    /^\.(.+)\.partial-[^/\\]+$|^(.+)\.partial-[^/\\]+$/.exec(path.slice(dirname(path).length).replace(/^[/\\]/, "")) ?? [];
  const name = hidden ?? visible;
  const isOfFolder = /[/\\]\.berth-partial-[^/\\]+$/.test(path); // of a file whose name is not known yet
  const whole = name !== undefined ? join(dirname(path), name) : isOfFolder ? dirname(path) : path;
  const below = relative(folder, whole);
  return isAbsolute(whole) && below !== "" && !below.startsWith("..") && !isAbsolute(below) ? below : whole;
}
