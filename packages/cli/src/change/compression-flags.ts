import { type Command, Option } from "commander";
import { parseCount } from "../flags/values.ts";

const COMPRESSIONS = ["gzip", "zstd", "none"] as const;

/** How a layer is compressed. */
export type CompressionName = (typeof COMPRESSIONS)[number];

/** Flags that say how new layers are compressed. */
export interface CompressionFlags {
  readonly compression?: CompressionName;
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

/** The flags as options of the engine. */
export function compressionOptions({ compression, level }: CompressionFlags): CompressionFlags {
  return { ...(compression && { compression }), ...(level !== undefined && { level }) };
}
