import { existsSync } from "node:fs";
import type { ConfigIssue } from "@berth/registry/config";
import { Command } from "commander";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { RunOptions } from "../run-options.ts";

interface CheckFlags {
  readonly strict?: boolean;
  readonly env: boolean;
}

/** `berth config check`. */
export function configCheckCommand({ io }: RunOptions): Command {
  return new Command()
    .argument("[file]", "the file; REGISTRY_CONFIGURATION_PATH unless given")
    .option("--strict", "make errors of unknown and repeated keys")
    .option("--no-env", "leave REGISTRY_* variables aside")
    .addHelpText(
      "after",
      "\nPrints one line for each finding, file:line:column first, and exits 1 when there is an error, 4 without the file.\n\nExample:\n  berth config check --strict /etc/distribution/config.yml\n",
    )
    .action(async (argument: string | undefined, flags: CheckFlags) => {
      const file = argument ?? io.env["REGISTRY_CONFIGURATION_PATH"];
      if (file === undefined || file === "")
        throw new CommandFailure(EXIT_CODE.usage, "no file to check: name one, or set REGISTRY_CONFIGURATION_PATH");
      const { ConfigError, formatIssue, loadConfig } = await import("@berth/registry/config");
      const say = (issues: readonly ConfigIssue[]): void => {
        for (const issue of issues) io.stdout.write(`${formatIssue({ ...issue, message: `${issue.severity}: ${issue.message}` }, file)}\n`);
      };
      try {
        say(loadConfig({ file, strict: flags.strict ?? false, env: flags.env ? io.env : {} }).warnings);
        io.stderr.write(`berth: "${file}" can be used\n`);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        if (!existsSync(file)) throw new CommandFailure(EXIT_CODE.notFound, `cannot read "${file}": no such file or folder`);
        say(error.issues);
        const count = error.issues.filter(({ severity }) => severity === "error").length;
        throw new CommandFailure(EXIT_CODE.failure, `"${file}" cannot be used: ${count} ${count === 1 ? "error" : "errors"}`);
      }
    });
}
