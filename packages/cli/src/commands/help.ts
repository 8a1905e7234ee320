import { Command } from "commander";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { TOPICS } from "../help/topics.ts";
import type { RunOptions } from "../run-options.ts";

/** `berth help TOPIC`; `berth help COMMAND` is `berth COMMAND --help`, and never comes here. */
export function helpCommand({ io }: RunOptions): Command {
  const width = Math.max(...TOPICS.map(({ name }) => name.length));
  const list = TOPICS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join("");
  return new Command()
    .argument("[topic...]", "a command, or one of the topics below")
    .addHelpText("after", `\nTopics:\n${list}`)
    .action(async (words: string[]) => {
      const topic = TOPICS.find(({ name }) => name === words.join(" "));
      if (topic === undefined) {
        throw new CommandFailure(
          EXIT_CODE.usage,
          `no command and no topic "${words.join(" ")}", topics are ${TOPICS.map(({ name }) => name).join(", ")}`,
        );
      }
      io.stdout.write(await topic.load());
    });
}
