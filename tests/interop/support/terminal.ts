import { chmod, writeFile } from "node:fs/promises";
import { requirePart, run, type Scratch } from "@berth/testkit/parts";
import { expect, onTestFinished } from "vitest";
import { BERTH, homeOf } from "./cli.ts";

/** What a terminal shows at one moment. */
export interface Screen {
  /** Spaces at the end of lines are left out, and empty lines below. */
  readonly lines: readonly string[];
  /** Whether the terminal wrapped any of them. */
  readonly isWrapped: boolean;
  readonly isCursorShown: boolean;
}

/** A real terminal with a shell in it, which knows `berth`. The shell's prompt is `$ `. */
export interface Terminal {
  /** Types a line, and Enter. */
  type(line: string): Promise<void>;
  /** Presses a key, as tmux calls it: `C-c`. */
  press(key: string): Promise<void>;
  /** Waits until the lines of the screen, as one text, match; returns that screen. Fails after a minute. */
  see(wanted: RegExp): Promise<Screen>;
  /** Types a command into the empty screen. */
  run(line: string): Promise<void>;
  /** Waits for the end of what {@link Terminal.run} started, and its exit code in the screen: `exit 0`. */
  ended(): Promise<Screen>;
}

/** Opens a terminal of 24 rows, under a tmux server of its own, for the test that runs. */
export async function openTerminal(scratch: Scratch, columns: number): Promise<Terminal> {
  const tmux = requirePart("tmux").command("tmux");
  await writeFile(scratch.join("berth"), `#!/bin/sh\nexec "${process.execPath}" "${BERTH}" "$@"\n`);
  await chmod(scratch.join("berth"), 0o755);
  const env = { ...homeOf(scratch), TMUX_TMPDIR: scratch.path, PS1: "$ " };
  const ask = async (...args: readonly string[]): Promise<string> => {
    return (await run(tmux, ["-L", `columns-${columns}`, "-f", "/dev/null", ...args], { cwd: scratch.path, env })).stdout;
  };
  const shell = ["env", `PATH=${scratch.path}:/usr/bin:/bin`, "/bin/sh"];
  onTestFinished(async () => void (await ask("kill-server")));
  await ask("new-session", "-d", "-x", `${columns}`, "-y", "24", ...shell);

  /** All of one moment: tmux looks at nothing else between commands that are given together. */
  async function look(): Promise<Screen> {
    const marker = "=== and again, wrapped lines joined";
    const capture = ["capture-pane", "-p"];
    const print = (what: string): readonly string[] => [";", "display-message", "-p", what, ";"];
    const text = await ask(...capture, ...print(marker), ...capture, "-J", ...print("#{cursor_flag}").slice(0, -1));
    const [shown = "", joined = ""] = text.trimEnd().split(`${marker}\n`);
    const linesOf = (part: string): readonly string[] => part.replace(/ +$/gm, "").trimEnd().split("\n");
    const lines = linesOf(shown);
    const isCursorShown = joined.endsWith("1");
    return { lines, isWrapped: linesOf(joined.slice(0, -1)).join("\n") !== lines.join("\n"), isCursorShown };
  }

  const terminal: Terminal = {
    async type(line) {
      await ask("send-keys", "-l", line);
      await ask("send-keys", "Enter");
    },
    press: async (key) => void (await ask("send-keys", key)),
    async see(wanted) {
      let screen: Screen | undefined;
      const text = async (): Promise<string> => (screen = await look()).lines.join("\n");
      await expect.poll(text, { interval: 20 }).toMatch(wanted);
      return screen ?? expect.fail("nothing was seen");
    },
    run: async (line) => await terminal.type(`clear; ${line}; echo "exit $?"`),
    ended: async () => await terminal.see(/^exit \d+\n\$$/m),
  };
  await terminal.see(/^\$$/);
  return terminal;
}
