import type { Platform } from "@berth/oci";
import type { ImageEdits } from "@berth/transfer";
import { Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import {
  addClearable,
  clearable,
  mapEdits,
  morePairs,
  type Pairs,
  parseWholePlatform,
  parseWords,
  setEdits,
} from "../change/edit-flags.ts";
import { MADE_FIELDS, makeNew } from "../change/make-new.ts";
import { sourceEpoch } from "../change/source-epoch.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { addWhichFlags, ATTACHED_TEXT, platformsOf, type WhichFlags } from "../change/which-flags.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { more } from "../transfer/transfer-flags.ts";

interface MutateFlags extends ResultFlags, WhichFlags {
  readonly label?: Pairs;
  readonly rmLabel?: readonly string[];
  readonly env?: Pairs;
  readonly appendEnv?: Pairs;
  readonly rmEnv?: readonly string[];
  readonly entrypoint?: readonly string[] | false;
  readonly cmd?: readonly string[] | false;
  readonly setUser?: string | false;
  readonly workdir?: string | false;
  readonly stopSignal?: string | false;
  readonly port?: readonly string[];
  readonly rmPort?: readonly string[];
  readonly volume?: readonly string[];
  readonly rmVolume?: readonly string[];
  readonly annotation?: Pairs;
  readonly rmAnnotation?: readonly string[];
  readonly setPlatform?: Platform;
  readonly author?: string | false;
  readonly created?: string | false;
  readonly history?: string;
}

/** `berth mutate`. */
export function mutateCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image; of an index every image is changed")
    .option("-l, --label <name=value>", "set a label; repeatable", morePairs)
    .option("--rm-label <name>", "take a label away; repeatable", more)
    .option("-e, --env <name=value>", "set an environment variable; repeatable", morePairs)
    .option("--append-env <name=value>", "put a value behind that of a variable, with : between them; repeatable", morePairs)
    .option("--rm-env <name>", "take a variable away; repeatable", more);
  addClearable(command, "--entrypoint <words>", 'set what is run: words, or ["a list","in JSON"]; the old --cmd goes with it', parseWords);
  addClearable(command, "--cmd <words>", "set the arguments, in the same forms", parseWords);
  addClearable(command, "--set-user <user>", "set who it runs as: app, 1000:1000");
  addClearable(command, "-w, --workdir <path>", "set where it runs");
  addClearable(command, "--stop-signal <signal>", "set what stops it: SIGTERM");
  command
    .option("--port <port>", "expose a port: 8080, 53/udp; repeatable", more)
    .option("--rm-port <port>", "expose it no more; repeatable", more)
    .option("--volume <path>", "declare a volume; repeatable", more)
    .option("--rm-volume <path>", "declare it no more; repeatable", more)
    .option("-a, --annotation <name=value>", "annotate the manifest; repeatable", morePairs)
    .option("--rm-annotation <name>", "take an annotation away; repeatable", more)
    .addOption(new Option("--set-platform <os/arch>", "say that it is for this platform").argParser(parseWholePlatform));
  addClearable(command, "--author <text>", "set who made it");
  addClearable(command, "--created <time>", "set when it was made: 2024-05-06T07:08:09Z; default: SOURCE_DATE_EPOCH, if that is set");
  command.option("--history <text>", "tell what was done at the end of its history, if it has one");
  addResultFlags(addWhichFlags(command)).action(
    act(options, async (session, text: string, flags: MutateFlags) => {
      const edits = editsOf(flags);
      if (Object.values(edits).every((edit) => edit === undefined)) {
        throw new CommandFailure(EXIT_CODE.usage, "there is nothing to change: give a flag such as --label name=value");
      }
      const { mutateImage, formatEpoch } = await import("@berth/transfer");
      const epoch = await sourceEpoch(session);
      const time = epoch === undefined ? undefined : formatEpoch(epoch);
      const { created = time, history, ...rest } = edits;
      const all: ImageEdits = {
        ...rest,
        ...(created !== undefined && { created }),
        ...(history && { history: { ...history, ...(time !== undefined && { created: time }) } }),
      };
      await makeNew(
        session,
        text,
        flags,
        async ({ from, into, descriptor, options: edit }) =>
          await mutateImage(from, descriptor, all, into, { ...edit, ...platformsOf(flags) }),
        { platform: flags.platform },
      );
    }),
  );
  return addHelp(command, {
    text: [
      "Makes another image with another config; its layers stay what they are and are not sent again. Without --tag, --replace and",
      "--output the result has no tag: what is printed names it by digest.",
      ATTACHED_TEXT,
    ].join("\n"),
    examples: [
      ["berth mutate --label team=web --replace localhost:5000/app:v1", "a label, and the tag moves to the result"],
      ["berth mutate --env MODE=prod --rm-env DEBUG --tag v1-prod localhost:5000/app:v1", "variables, and a new tag"],
      [`berth mutate --entrypoint '["/app","--serve"]' --set-user 1000 --tag safe localhost:5000/app:v1`, "what runs, and as whom"],
      ["berth mutate --platforms linux/arm64 --set-platform linux/arm64/v8 --replace oci:images:v1", "one image of an index, in a layout"],
      ["berth mutate --label a=b -o oci-archive:app.tar:v2 localhost:5000/app:v1", "into a file"],
      ["berth mutate --dry-run --cmd 'sh -c date' localhost:5000/app:v1", "only tell the digest that it would have"],
    ],
    output: MADE_FIELDS,
  });
}

function editsOf(flags: MutateFlags): ImageEdits {
  const { env, rmEnv, appendEnv, setPlatform, history } = flags;
  const edits: { readonly [name in keyof ImageEdits]: ImageEdits[name] | undefined } = {
    labels: mapEdits(flags.label, flags.rmLabel),
    env: mapEdits(env, rmEnv),
    appendEnv,
    entrypoint: clearable(flags.entrypoint),
    cmd: clearable(flags.cmd),
    user: clearable(flags.setUser),
    workdir: clearable(flags.workdir),
    stopSignal: clearable(flags.stopSignal),
    ports: setEdits(flags.port, flags.rmPort),
    volumes: setEdits(flags.volume, flags.rmVolume),
    annotations: mapEdits(flags.annotation, flags.rmAnnotation),
    platform: setPlatform,
    author: clearable(flags.author),
    created: clearable(flags.created),
    history: history === undefined ? undefined : { createdBy: history },
  };
  return Object.fromEntries(Object.entries(edits).filter(([, edit]) => edit !== undefined));
}
