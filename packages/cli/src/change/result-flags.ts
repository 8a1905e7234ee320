import type { Command } from "commander";
import { overwriteOption } from "../connect/keep-archive.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { addTransferFlags, digestFileOption, more, type TransferFlags } from "../transfer/transfer-flags.ts";

/** Flags that say where what is made goes, and under which names. */
export interface ResultFlags extends TransferFlags {
  readonly tag?: readonly string[];
  /** `--output`: where the result goes; default: where the image is. */
  readonly output?: string;
  /** `--overwrite`: an archive is written anew, also when that loses images. */
  readonly overwrite?: boolean;
  /** `--replace`: the tag of the image moves to the result. */
  readonly replace?: boolean;
  /** `--dry-run`: nothing is written. */
  readonly dryRun?: boolean;
  /** `--digest-file`: a path that the digest is written to. */
  readonly digestFile?: string;
}

/** Adds them, and all that a command needs that reads an image and makes another. */
export function addResultFlags(command: Command, { replaces = false }: { readonly replaces?: boolean } = {}): Command {
  command
    .option("-t, --tag <tag>", "tag the result so; repeatable", more)
    .option("-o, --output <place>", "where the result goes: another repository, oci:..., oci-archive:...; default: where the image is");
  command.addOption(overwriteOption());
  if (!replaces) command.option("--replace", "move the tag of the image to the result");
  command.addOption(maxRatioOption()).addOption(digestFileOption()).option("--dry-run", "make it, tell its digest, and write nothing");
  return addRegistryFlags(addTransferFlags(command), { twoSides: true });
}
