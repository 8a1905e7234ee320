import { type CommandEntry, isGroup } from "../command/row.ts";
import { SHARED_FLAGS, type SharedFlag } from "./shared-flags.ts";

/**
 * Puts shared flags that stand before the command behind it, where the parser knows them: `berth --plain-http ls x` is
 * `berth ls --plain-http x`. Other arguments stay as they are.
 */
export function hoistFlags(table: readonly CommandEntry[], args: readonly string[]): readonly string[] {
  const words: string[] = [];
  const flags: string[] = [];
  let entries = table;
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] ?? "";
    const flag = sharedFlag(arg);
    if (flag !== undefined) {
      flags.push(arg);
      const next = args[at + 1];
      if (flag.value !== undefined && !arg.includes("=") && next !== undefined) {
        flags.push(next);
        at++;
      }
      continue;
    }
    if (arg.startsWith("-")) break;
    words.push(arg);
    const entry = entries.find(({ name, aliases = [] }) => name === arg || aliases.includes(arg));
    if (entry === undefined || !isGroup(entry)) {
      at++;
      break;
    }
    entries = entry.commands;
  }
  return [...words, ...flags, ...args.slice(at)];
}

function sharedFlag(arg: string): SharedFlag | undefined {
  const [name = ""] = arg.split("=", 1);
  const plain = name.replace(/^--(?:from-|to-)/, "--");
  return SHARED_FLAGS.find((flag) => plain === `--${flag.name}` || (flag.short !== undefined && arg === `-${flag.short}`));
}
