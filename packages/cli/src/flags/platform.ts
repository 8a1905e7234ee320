import { type Platform, parsePlatform } from "@berth/oci";
import { InvalidArgumentError, Option } from "commander";

/** `--platform`: which image of an index is meant. */
export function platformOption(doc: string = "of an index, the image for this platform: linux/arm64, arm/v7"): Option {
  return new Option("--platform <os/arch>", doc).argParser(readPlatform);
}

/** Reads `linux/arm64`. @throws {InvalidArgumentError} */
export function readPlatform(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new InvalidArgumentError("expected os/architecture/variant, such as linux/arm64");
    throw error;
  }
}
