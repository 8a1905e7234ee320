import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { fakeIo } from "../testing/fake-io.ts";
import { type CommandEntry, type CommandRow, isGroup } from "./row.ts";
import { COMMANDS } from "./table.ts";

const page = await readFile(new URL("../../../../docs/guide/from-other-clients.md", import.meta.url), "utf8");

/** Command lines in the last column of the page's tables. */
const lines = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.includes(" | berth |"))
  .map(
    (line) =>
      line
        .split(/(?<!\\)\|/)
        .at(-2)
        ?.trim() ?? "",
  )
  .map((cell) => cell.replace(/^`|`$/g, ""));

function find(words: readonly string[], table: readonly CommandEntry[]): { readonly row: CommandRow; readonly rest: readonly string[] } {
  const [name = "", ...rest] = words;
  const entry = table.find((one) => one.name === name);
  if (entry === undefined) return expect.unreachable(`there is no verb "${name}"`);
  return isGroup(entry) ? find(rest, entry.commands) : { row: entry, rest };
}

function splitLine(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** Leaves the flags and their values away, which must be known. */
function argumentsOf(command: Command, words: readonly string[]): readonly string[] {
  const given: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!word.startsWith("-")) {
      given.push(word);
      continue;
    }
    const option = command.options.find(({ short, long }) => short === word || long === word);
    expect(option, `${command.name()} ${word}`).toBeDefined();
    if (option?.required === true) at++;
  }
  return given;
}

test.each(lines)("%s is a command line", async (line) => {
  const [berth, ...words] = splitLine(line);
  expect(berth).toBe("berth");
  const { row, rest } = find(words, COMMANDS);
  const command = (await row.load())({ io: fakeIo().io });
  const given = argumentsOf(command, rest);
  const { registeredArguments: wanted } = command;
  expect(given.length).toBeGreaterThanOrEqual(wanted.filter(({ required }) => required).length);
  if (!wanted.some(({ variadic }) => variadic)) expect(given.length).toBeLessThanOrEqual(wanted.length);
});

test("the page has the lines that are tried", () => {
  expect(lines.length).toBeGreaterThan(35);
});
