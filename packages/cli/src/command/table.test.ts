import { Command } from "commander";
import { expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";
import { type CommandEntry, type CommandRow, isGroup } from "./row.ts";
import { COMMANDS } from "./table.ts";

// each test runs many commands
interface Named {
  readonly words: readonly string[];
  readonly row: CommandRow;
}

function rows(table: readonly CommandEntry[], before: readonly string[] = []): readonly Named[] {
  return table.flatMap((entry) =>
    isGroup(entry) ? rows(entry.commands, [...before, entry.name]) : [{ words: [...before, entry.name], row: entry }],
  );
}

const SHOWN = rows(COMMANDS).filter(({ row }) => row.hidden !== true);

test.each(SHOWN.map(({ words, row }) => [words.join(" "), row] as const))(
  "%s teaches: summary, examples, every flag explained",
  async (words, row) => {
    expect(row.summary).toMatch(/^[a-z].*[^.]$/);
    const fake = fakeIo();
    expect(await run([...words.split(" "), "--help"], { io: fake.io })).toBe(0);
    const help = fake.stdout();
    expect(help).toMatch(new RegExp(`^Usage: berth ${row.name.length > 0 ? words.replace(/(\w+) (\w+)/, "$1(\\|\\w+)? $2") : ""}`));
    if (words !== "version" && words !== "help") expect(help).toMatch(/\nExamples?:\n {2}(?:\S+ )*(?:.*)berth /);
    const command = (await row.load())({ io: fake.io });
    expect(command).toBeInstanceOf(Command);
    for (const option of command.options) expect(option.description, option.flags).not.toBe("");
  },
);

test("names and aliases are there once, and groups have a heading", () => {
  const check = (table: readonly CommandEntry[]): void => {
    const names = table.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const entry of table) if (isGroup(entry)) check(entry.commands);
  };
  check(COMMANDS);
  for (const entry of COMMANDS) if (entry.hidden !== true) expect(entry.group, entry.name).toMatch(/:$/);
});

test("help of everything loads no command, and help of one loads that alone", async () => {
  let loaded: string[] = [];
  const spied: CommandEntry[] = [];
  const spy = (entry: CommandEntry): CommandEntry =>
    isGroup(entry)
      ? { ...entry, commands: entry.commands.map((one) => ({ ...one, load: async () => (loaded.push(one.name), await one.load()) })) }
      : { ...entry, load: async () => (loaded.push(entry.name), await entry.load()) };
  spied.push(...COMMANDS.map(spy));
  const { runTable } = await import("../program.ts");
  await runTable(spied, ["--help"], { io: fakeIo().io });
  expect(loaded).toEqual([]);
  await runTable(spied, ["manifest", "get", "--help"], { io: fakeIo().io });
  expect(loaded).toEqual(["get"]);
  loaded = [];
  await runTable(spied, ["help", "exit-codes"], { io: fakeIo().io });
  expect(loaded).toEqual(["help"]);
});

test.each(["exit-codes", "references", "env", "formats", "sync-file"])("help has the topic %s", async (topic) => {
  const fake = fakeIo();
  expect(await run(["help", topic], { io: fake.io })).toBe(0);
  expect(
    fake
      .stdout()
      .split("\n")
      .every((line) => line.length <= 125),
  ).toBe(true);
  expect(fake.stdout()).toMatch(/^[A-Z][a-z]+(?: [a-z]+)?\n\n/);
});

test("help of a command is its --help, and of nothing known a usage mistake", async () => {
  const [one, other, unknown] = [fakeIo(), fakeIo(), fakeIo()];
  await run(["help", "manifest", "get"], { io: one.io });
  await run(["manifest", "get", "--help"], { io: other.io });
  expect(one.stdout()).toBe(other.stdout());
  expect(await run(["help", "nothing"], { io: unknown.io })).toBe(2);
  expect(unknown.stderr()).toContain("topics are exit-codes, references, env, sync-file, formats");
});
