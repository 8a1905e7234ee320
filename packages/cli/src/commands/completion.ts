import { Argument, Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { COMPLETION_SCRIPTS, type Shell, SHELLS } from "../completion/scripts.ts";
import type { RunOptions } from "../run-options.ts";

/** `berth completion`. */
export function completionCommand({ io }: RunOptions): Command {
  const command = new Command()
    .addArgument(new Argument("<shell>", "which shell is to complete").choices(SHELLS))
    .action((shell: Shell) => void io.stdout.write(COMPLETION_SCRIPTS[shell]));
  return addHelp(command, {
    text: "Commands, flags, files and folders are completed, and by asking registries also repositories and tags: what they say is kept for 30 s.",
    examples: [
      ["source <(berth completion bash)", "in ~/.bashrc"],
      ["source <(berth completion zsh)", "in ~/.zshrc, behind compinit"],
      ["berth completion fish > ~/.config/fish/completions/berth.fish", "once"],
      ["berth completion powershell | Out-String | Invoke-Expression", "in $PROFILE"],
    ],
  });
}
