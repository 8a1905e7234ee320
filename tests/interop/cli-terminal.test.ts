import { readFile, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { Random } from "@berth/testkit/faults";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { cliIn } from "./support/cli.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";
import { openTerminal, type Terminal } from "./support/terminal.ts";

const MIB = 1_048_576;
const FILES = ["one", "two", "three"];
/** So slow that what is seen of a copy is its middle: it takes five seconds. */
const SLOWLY = "--limit-rate 1MiB";

const PASSWORD = "open sesame 7f3a";

describeWithParts("berth in a terminal", ["tmux"], () => {
  let scratch: Scratch;
  let registry: OwnRegistry;
  beforeAll(async () => {
    scratch = await createScratch();
    registry = await startOwnRegistry();
    for (const [seed, name] of FILES.entries()) await writeFile(scratch.join(name), new Random(seed).bytes(2 * MIB));
    for (const place of [`${registry.host}/files:1`, "oci:layout:1"]) await cliIn(scratch)(["push", place, ...FILES]);
  });
  afterAll(async () => {
    await registry?.close();
    await scratch?.remove();
  });

  async function open(columns: number): Promise<Terminal> {
    const terminal = await openTerminal(scratch, columns);
    await terminal.run("stty -g > before");
    await terminal.ended();
    return terminal;
  }
  /** What the terminal does with keys is what it did before, and keys are seen. */
  async function expectUsable(terminal: Terminal): Promise<void> {
    await terminal.run("stty -g | cmp - before");
    expect(await terminal.ended()).toMatchObject({ lines: ["exit 0", "$"], isCursorShown: true });
  }

  for (const [columns, moving] of [
    [80, /^ {2}[0-9a-f]{12} {2}downloading {2}━{30} {2} *[\d.]+ [kM]?B \/ 2\.1 MB$/m],
    [40, /^ {2}[0-9a-f]{12} {2}downloading +\d+%$/m],
  ] as const)
    test(`[engine/T35] with ${columns} columns bars move while a copy runs and leave a line for each piece; standard output has data alone`, async () => {
      const terminal = await open(columns);
      await terminal.run(`berth cp ${SLOWLY} ${registry.host}/files:1 oci:${columns}:1 > out`);
      expect(await terminal.see(moving)).toMatchObject({ isCursorShown: false, isWrapped: false });
      const { lines, ...rest } = await terminal.ended();
      expect(rest).toEqual({ isCursorShown: true, isWrapped: false });
      const pieces = lines.slice(0, FILES.length + 3);
      for (const line of pieces)
        expect(line).toMatch(/^✓ (?:[0-9a-f]{12} {2}done {9}(?:2\.1 MB|2 B|[\d.]+ kB|\d+ B)|1 {13}tagged +[\d.]+ (?:k?B))$/);
      expect(new Set(pieces).size).toBe(pieces.length);
      expect(lines.slice(pieces.length)).toEqual([
        expect.stringMatching(/^5 of 5 done · 6\.3 MB of 6\.3 MB(?: · [\d.]+ MB\/s)?$/),
        "5 copied (6.3 MB)",
        "exit 0",
        "$",
      ]);
      expect(await readFile(scratch.join("out"), "utf8")).toMatch(new RegExp(`^oci:${columns}:1@sha256:[0-9a-f]{64}\n$`));
    });

  test("Ctrl-C in the middle of a copy ends it with 130 and a hint, and leaves the terminal as it was", async () => {
    const empty = await startOwnRegistry(); // another one would be asked to mount what it has
    onTestFinished(() => empty.close());
    const terminal = await open(80);
    await terminal.run(`berth cp ${SLOWLY} oci:layout:1 ${empty.host}/stopped:1`);
    await terminal.see(/uploading +━+ +[\d.]+ MB \/ 2\.1 MB$/m);
    await terminal.press("C-c");
    const { lines, ...rest } = await terminal.ended();
    expect(rest).toEqual({ isCursorShown: true, isWrapped: false });
    expect(lines.join("\n")).not.toContain("━");
    expect(lines.slice(-5)).toEqual([
      expect.stringMatching(/^\d of \d done · [\d.]+ MB of [\d.]+ MB/),
      "berth: stopped",
      expect.stringMatching(/^hint: the same command .*--resume/),
      "exit 130",
      "$",
    ]);
    await expectUsable(terminal);
  });

  test("[engine/T36] login shows nothing of a password, from the moment it asks for it; Ctrl-C there ends it", async () => {
    const guarded = await startScriptedRegistry();
    onTestFinished(() => guarded.close());
    const basic = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString("base64")}`;
    const refusal = { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } };
    guarded.on("GET", "/v2/", ({ headers }) => (headers["authorization"] === basic ? {} : refusal));
    const terminal = await open(80);
    for (const answer of [PASSWORD, "C-c"]) {
      await terminal.run(`berth login -u alice ${guarded.host}`);
      await terminal.see(/^Password: *$/m);
      if (answer === PASSWORD) await terminal.type(answer);
      else await terminal.press(answer);
      const { lines } = await terminal.ended();
      expect([lines[0], lines.at(-2)]).toEqual(["Password:", answer === PASSWORD ? "exit 0" : "exit 130"]);
      expect(lines.join("")).not.toContain(PASSWORD);
      await expectUsable(terminal);
    }
  });
});
