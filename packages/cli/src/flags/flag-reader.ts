import { InvalidArgumentError } from "commander";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo } from "../io.ts";
import { keyOf, variableOf } from "./shared-flags.ts";
import { parseSwitch } from "./values.ts";

/** One side of a command that has two. */
export type Side = "from" | "to";

/** Where a value was found: by a flag, or by a variable. */
export interface FlagSource {
  /** What the user wrote: `--from-user`, `BERTH_USER`. */
  readonly origin: string;
  readonly value: unknown;
}

/** Reads shared flags: what the command line says, else what a `BERTH_*` variable says; for a side its own before what is for both. */
export class FlagReader {
  readonly #flags: Readonly<Record<string, unknown>>;
  readonly #env: CommandIo["env"];

  /** @param flags as the parser found them. */
  constructor(flags: Readonly<Record<string, unknown>>, env: CommandIo["env"]) {
    this.#flags = flags;
    this.#env = env;
  }

  /** Places that may hold a value, the one that counts first. A variable that is empty says nothing. */
  sources(name: string, side?: Side): readonly FlagSource[] {
    const names = side === undefined ? [name] : [`${side}-${name}`, name];
    const flags = names.map((one) => ({ origin: `--${one}`, value: this.#flags[keyOf(one)] }));
    const variables = names.map((one) => ({ origin: variableOf(one), value: this.#env[variableOf(one)] || undefined }));
    return [...flags, ...variables];
  }

  /** The value that counts; undefined: nobody said anything. @throws {CommandFailure} when a variable holds what it cannot. */
  value<T>(name: string, parse: (text: string) => T, side?: Side): T | undefined {
    const found = this.sources(name, side).find(({ value }) => value !== undefined);
    return typeof found?.value === "string" ? readFlag(found.origin, found.value, parse) : undefined;
  }

  /** All values of a flag that may be given more than once. */
  list<T>(name: string, parse: (text: string) => T): readonly T[] {
    const found = this.sources(name).find(({ value }) => value !== undefined);
    const texts: readonly unknown[] = Array.isArray(found?.value) ? found.value : [found?.value];
    return texts.filter((text) => typeof text === "string").map((text) => readFlag(found?.origin ?? "", text, parse));
  }

  /** A flag that is there or not. */
  isOn(name: string, side?: Side): boolean | undefined {
    return switchOf(this.sources(name, side).find(({ value }) => value !== undefined));
  }
}

/** The value of a switch; undefined: nobody said anything. */
export function switchOf(source: FlagSource | undefined): boolean | undefined {
  if (typeof source?.value === "string") return readFlag(source.origin, source.value, parseSwitch);
  return typeof source?.value === "boolean" ? source.value : undefined;
}

function readFlag<T>(origin: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new CommandFailure(EXIT_CODE.usage, `cannot use ${origin}: ${error.message}`);
  }
}
