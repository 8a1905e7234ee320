import type { Location } from "@berth/transfer/location";
import type { Command } from "commander";
import { addLevelFlag, type CompressionFlags, compressionOption, compressionOptions } from "../change/compression-flags.ts";
import type { OpenPlaceOptions } from "../connect/place.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/** The form that images of a docker archive get on their way. */
export type ArchiveForm = Pick<OpenPlaceOptions, "compression" | "into" | "level">;

/** Adds `--compression` and `--level` to a command that copies out of docker archives. */
export function addArchiveFormFlags(command: Command): Command {
  const doc = "how layers of a docker archive are compressed, which has them as plain tars; default gzip";
  return addLevelFlag(command.addOption(compressionOption("--compression <kind>", doc)));
}

/**
 * The form for a copy.
 *
 * @throws {CommandFailure} for flags where they would do nothing, and for a level that the compression does not have.
 */
export function archiveForm(
  source: Pick<Location, "transport">,
  { transport: into }: Pick<Location, "transport">,
  flags: CompressionFlags,
): ArchiveForm {
  const options = compressionOptions(flags);
  const [flag] = Object.keys(options);
  if (flag !== undefined && (source.transport !== "docker-archive" || into === "docker-archive")) {
    const why =
      into === "docker-archive" ? "a docker archive has plain tars" : "layers of other places than docker archives stay as they are";
    throw new CommandFailure(EXIT_CODE.usage, `--${flag} would do nothing: ${why}; berth recompress changes those of an image`);
  }
  return { into, ...options };
}
