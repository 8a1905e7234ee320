import type { LayerLimits } from "@berth/transfer";
import { Option } from "commander";
import { parseCount } from "./values.ts";

/** Flags of commands that unpack layers, or archives. */
export interface LimitFlags {
  /** `--max-ratio`: bytes of a layer for each compressed one, beyond 1 GiB; default 1000. */
  readonly maxRatio?: number;
}

/** `--max-ratio`. */
export function maxRatioOption(): Option {
  const doc = "unpack layers and archives beyond 1 GiB to no more than so many bytes for each compressed one; default 1000";
  return new Option("--max-ratio <number>", doc).argParser(parseCount(1));
}

/** {@link LimitFlags} as an option of the engine. */
export function layerLimits({ maxRatio }: LimitFlags): { readonly limits?: LayerLimits } {
  return maxRatio === undefined ? {} : { limits: { maxRatio } };
}
