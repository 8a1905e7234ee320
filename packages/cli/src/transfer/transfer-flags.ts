import { type Command, Option } from "commander";
import { addOutputFlags } from "../flags/add-flags.ts";
import { parseSize } from "../flags/values.ts";
import { type ChunkSize, chunkSizeOption } from "./upload-limits.ts";

/** Flags of every command that moves content. */
export interface TransferFlags {
  /** Bytes a second. */
  readonly limitRate?: number;
  /** Of commands that upload. */
  readonly chunkSize?: ChunkSize;
  /** Whether uploads stay when the user stops the command. */
  readonly resume?: boolean;
}

/** What {@link addTransferFlags} is chosen by. */
export interface TransferFlagOptions {
  /** False: the command only reads from registries. */
  readonly uploads?: false;
}

/** Adds them, and those of output and pace. */
export function addTransferFlags(command: Command, { uploads }: TransferFlagOptions = {}): Command {
  command.option("--limit-rate <size>", "move at most so many bytes a second, over all connections: 2MiB", parseSize);
  if (uploads !== false) {
    command.option("--resume", "when you stop it, leave what was uploaded: the same command goes on with it").addOption(chunkSizeOption());
  }
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
  return new Option("--digest-file <file>", "write the digest to this file, too; of a docker archive the image ID");
}
