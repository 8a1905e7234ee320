import { mkdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isFileSystemError, systemMessage } from "./system-message.ts";

test("a file has the name that it was given: not the one that it has until it is whole, nor the folders above", () => {
  const said = (path: string): string => systemMessage(`EACCES: permission denied, open '${path}'`, "/home/me");
  expect(said("/home/me/out/.x.tar.partial-a1B2")).toBe('Cannot open "out/x.tar": permission denied');
  expect(said("/srv/x.tar.partial-0-1")).toBe('Cannot open "/srv/x.tar": permission denied');
  expect(said("/home/me/out/.berth-partial-0a1b-2")).toBe('Cannot open "out": permission denied');
  expect(said("")).toBe('Cannot open "": permission denied');
  expect(systemMessage("ENOSPC: no space left on device, write")).toBe("Cannot write: no space left on device");
  expect(systemMessage("ENOTDIR: not a directory, mkdir '/home/me/f/blobs'", "/home/me")).toBe(
    'Cannot make folder "f/blobs": what should be a folder is a file',
  );
  expect(systemMessage("Cannot find it")).toBe("Cannot find it");
});

test("isFileSystemError() tells errors of files from those of the network, and from texts that look like one", async () => {
  const caught = async (promise: Promise<unknown>): Promise<unknown> => await promise.catch((error: unknown) => error);
  expect(isFileSystemError(await caught(readFile(join(tmpdir(), "berth-nowhere"))))).toBe(true);
  expect(isFileSystemError(await caught(mkdir(tmpdir())))).toBe(true);
  const socket = connect({ path: join(tmpdir(), "berth-nowhere") });
  const [refused] = await once(socket, "error").catch((error: unknown) => [error]);
  expect(isFileSystemError(refused)).toBe(false);
  expect(isFileSystemError(new Error("ENOENT: no such file or directory, open 'x'"))).toBe(false);
});
