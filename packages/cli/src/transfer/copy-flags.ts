import { type Platform, parsePlatform } from "@berth/oci";
import type { CopyOptions, ReferrerSelection } from "@berth/transfer";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { platformOption } from "../flags/platform.ts";
import { type ReferrersStyle, referrersStyleOption } from "./restyle-signatures.ts";
import { more } from "./transfer-flags.ts";

/** Flags that choose what is copied along, and what happens to tags. */
export interface CopyFlags {
  readonly platform?: Platform;
  /** `--platforms`: of an index, only these images; the index stays as it is. */
  readonly platforms?: readonly Platform[];
  /** `--index-only`: an index without its images. */
  readonly indexOnly?: boolean;
  /** `--referrers`: what refers to it, too. */
  readonly referrers?: boolean;
  /** `--referrer-type`: what refers to it and is of one of these artifact types, too. */
  readonly referrerType?: readonly string[];
  /** `--referrer-annotation`: what refers to it and has one of these, `name` or `name=value`, too. */
  readonly referrerAnnotation?: readonly string[];
  /** `--referrers-style`; default `keep`. */
  readonly referrersStyle?: ReferrersStyle;
  /** `--digest-tags`: what hangs on it by tags, too. */
  readonly digestTags?: boolean;
  /** `--external`: layers that are kept outside of registries, too. */
  readonly external?: boolean;
  /** False for `--no-clobber`: a tag that names something else is an error. */
  readonly clobber?: boolean;
  /** `--only-missing`: tags that exist are left alone. */
  readonly onlyMissing?: boolean;
  /** `--atomic`: tags move when all content is there. */
  readonly atomic?: boolean;
  /** `--recheck`: what is below a manifest is looked at, also where the destination has that. */
  readonly recheck?: boolean;
}

/** Adds them. */
export function addCopyFlags(command: Command): Command {
  const parse = command.parseOptions.bind(command);
  // a value that is optional would swallow the argument behind it, unless it comes with an equals sign
  command.parseOptions = (args) => parse(args.map((arg) => arg.replace(/^--referrers=/, "--referrer-type=")));
  return command
    .addOption(platformOption("of an index, copy only the image for this platform: linux/arm64"))
    .option("--platforms <list>", "copy the index as it is, but only these of its images: linux/amd64,linux/arm64", parsePlatforms)
    .option("--index-only", "copy the index and none of its images, for a destination that has them")
    .option("-r, --referrers", "copy what refers to it, too; --referrers=TYPE is --referrer-type TYPE")
    .option("--referrer-type <type>", "copy what refers to it and is of this artifact type; repeatable", more)
    .option(
      "--referrer-annotation <name[=value]>",
      "copy what refers to it and has this annotation, or one of this name; repeatable",
      moreAnnotations,
    )
    .addOption(referrersStyleOption())
    .option("--digest-tags", "copy what hangs on it by tags, too: sha256-....sig")
    .addOption(new Option("--include-external, --external", "copy layers that are kept outside of registries, too"))
    .option("-n, --no-clobber", "fail when a tag exists and names something else")
    .option("--only-missing", "leave tags alone that exist")
    .option("--atomic", "move tags when all content is there")
    .option("--recheck", "look at everything below, also where a registry has the manifest: repairs what is broken, completes an index");
}

/** Options of the copy. @throws {CommandFailure} for flags that say different things. */
export function copyOptions(
  flags: CopyFlags,
): Pick<CopyOptions, "atomic" | "digestTags" | "existingTags" | "external" | "platforms" | "recheck" | "referrers"> {
  const { platform, platforms, indexOnly, referrers, digestTags, external, clobber, onlyMissing, atomic, recheck } = flags;
  if (platform !== undefined && platforms !== undefined) throw contradiction("--platform", "--platforms");
  if (indexOnly === true && (platform !== undefined || platforms !== undefined))
    throw contradiction("--index-only", platform === undefined ? "--platforms" : "--platform");
  if (clobber === false && onlyMissing === true) throw contradiction("--no-clobber", "--only-missing");
  const selected = selectionOf(flags);
  return {
    existingTags: clobber === false ? "refuse" : onlyMissing === true ? "keep" : "overwrite",
    ...(platforms && { platforms }),
    ...(indexOnly === true && { platforms: [] }),
    ...(selected ? { referrers: selected } : referrers === true && { referrers }),
    ...(digestTags !== undefined && { digestTags }),
    ...(external !== undefined && { external }),
    ...(atomic !== undefined && { atomic }),
    ...(recheck !== undefined && { recheck }),
  };
}

/**
 * Refuses flags that would do nothing, or something else, where a docker archive is written.
 *
 * @throws {CommandFailure}
 */
export function checkForDockerArchive(flags: CopyFlags): void {
  if (flags.platforms !== undefined) throw contradiction("--platforms", `${ONE_IMAGE}: use --platform`);
  if (flags.indexOnly === true) throw contradiction("--index-only", ONE_IMAGE);
  const along: Readonly<Record<string, boolean>> = {
    "--referrers": flags.referrers === true,
    "--referrer-type": flags.referrerType !== undefined,
    "--referrer-annotation": flags.referrerAnnotation !== undefined,
    "--referrers-style": (flags.referrersStyle ?? "keep") !== "keep",
    "--digest-tags": flags.digestTags === true,
  };
  for (const [flag, isGiven] of Object.entries(along)) if (isGiven) throw contradiction(flag, `${ONE_IMAGE}: use oci-archive:FILE`);
}

/** What the destination is then. */
const ONE_IMAGE = "a docker archive, which holds an image for one platform and nothing beside it";

function selectionOf({ referrerType, referrerAnnotation = [] }: CopyFlags): ReferrerSelection | undefined {
  if (referrerType === undefined && referrerAnnotation.length === 0) return undefined;
  const values = referrerAnnotation.filter((text) => text.includes("=")).map((text) => text.split(/=(.*)/s, 2));
  const names = referrerAnnotation.filter((text) => !text.includes("="));
  return {
    ...(referrerType && { artifactTypes: referrerType }),
    ...(values.length > 0 && { annotations: Object.fromEntries(values.map(([name = "", value = ""]) => [name, value])) }),
    ...(names.length > 0 && { annotationNames: names }),
  };
}

function moreAnnotations(text: string, before: readonly string[] = []): readonly string[] {
  if (text === "" || text.startsWith("=")) throw new InvalidArgumentError("expected the name of an annotation, or name=value");
  return [...before, text];
}

/** Two flags that cannot be used together. */
export function contradiction(one: string, other: string): CommandFailure {
  return new CommandFailure(EXIT_CODE.usage, `cannot use ${one} with ${other}`);
}

/** Reads `linux/amd64,linux/arm64`. @throws {InvalidArgumentError} */
export function parsePlatforms(text: string): readonly Platform[] {
  try {
    return text.split(",").map(parsePlatform);
  } catch (error) {
    if (error instanceof SyntaxError) throw new InvalidArgumentError("expected platforms such as linux/amd64,linux/arm64");
    throw error;
  }
}
