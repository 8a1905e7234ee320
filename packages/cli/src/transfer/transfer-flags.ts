import { type Command, Option } from "commander";
import { addOutputFlags } from "../flags/add-flags.ts";
import { parseSize } from "../flags/values.ts";

/** Flags of every command that moves content. */
export interface TransferFlags {
  /** Bytes a second. */
  readonly limitRate?: number;
  /** Bytes of an upload's chunk. */
  readonly chunkSize?: number;
  /** Whether uploads stay when the user stops the command. */
  readonly resume?: boolean;
}

/** Adds them, and those of output and pace. */
export function addTransferFlags(command: Command): Command {
  command
    .option("--limit-rate <size>", "move at most so many bytes a second, over all connections: 2MiB", parseSize)
    .option("--chunk-size <size>", "send blobs in chunks of this size where a registry does not take them whole; default 16MiB", parseSize)
    .option("--resume", "when you stop it, leave what was uploaded: the same command goes on with it");
  return addOutputFlags(command, "format", "quiet", "progress", "jobs");
}

/** Gathers the values of a flag that may be given more than once. */
export function more(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** `--refs-file`. */
export function refsFileOption(): Option {
  return new Option("--refs-file <file>", "write the references of what was stored to this file, too: HOST/NAME:TAG@DIGEST, one a line");
}

/** `--digest-file`. */
export function digestFileOption(): Option {
  return new Option("--digest-file <file>", "write the digest to this file, too");
}
