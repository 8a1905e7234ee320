import type { Command } from "commander";

/** How a command is called: `berth ls [options] <place>`. */
export function usageOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(" ")} ${command.usage()}`;
}
