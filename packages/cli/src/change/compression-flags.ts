import { type Command, Option } from "commander";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { parseCount } from "../flags/values.ts";

const COMPRESSIONS = ["gzip", "zstd", "none"] as const;

/** How a layer is compressed. */
export type CompressionName = (typeof COMPRESSIONS)[number];

/** Flags that say how new layers are compressed. */
export interface CompressionFlags {
  /** `--compression`; default gzip. */
  readonly compression?: CompressionName;
  /** `--level`: 1 to 9 for gzip, 1 to 19 for zstd; default that of the engine. */
  readonly level?: number;
}

/** Adds them. */
export function addCompressionFlags(command: Command): Command {
  return addLevelFlag(command.addOption(compressionOption("--compression <kind>", "how the new layer is compressed; default gzip")));
}

/** A flag that names a compression. */
export function compressionOption(flags: string, doc: string): Option {
  return new Option(flags, doc).choices(COMPRESSIONS);
}

/** Adds `--level`. */
export function addLevelFlag(command: Command): Command {
  return command.option("--level <number>", "how hard to compress: 1 to 9 for gzip, to 19 for zstd", parseCount(1));
}

/** What `--level` may be, at most. */
const MAX_LEVELS: Readonly<Record<CompressionName, number>> = { gzip: 9, zstd: 19, none: Number.MAX_SAFE_INTEGER };

/** @throws {CommandFailure} for a level that a compression does not have. */
export function checkLevel(compression: CompressionName, level: number | undefined): void {
  const max = MAX_LEVELS[compression];
  if (level !== undefined && level > max)
    throw new CommandFailure(EXIT_CODE.usage, `${compression} has no --level ${level}: expected a whole number from 1 to ${max}`);
}

/** The flags as options of the engine. @throws {CommandFailure} for a level that the compression does not have. */
export function compressionOptions({ compression, level }: CompressionFlags): CompressionFlags {
  checkLevel(compression ?? "gzip", level);
  return { ...(compression && { compression }), ...(level !== undefined && { level }) };
}
