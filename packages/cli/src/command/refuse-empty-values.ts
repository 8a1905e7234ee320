import type { Command } from "commander";

/** Flags whose value names something, by what stands in brackets behind them; `--user` and its like. */
const NAMES_SOMETHING = /<(?:file|folder|format|place|reference|token)\b|user <name>/;

/**
 * Refuses flags with an empty value, where that is a variable of a script that is not set: `-o "$OUT"` would write here, `--token "$TOKEN"`
 * would be nobody.
 *
 * @throws {CommanderError}
 */
export function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    if (!NAMES_SOMETHING.test(option.flags)) continue;
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value === "" || (Array.isArray(value) && value.includes("")))
      command.error(`error: option '${option.flags}' argument '' is invalid. expected more than nothing`);
  }
}
