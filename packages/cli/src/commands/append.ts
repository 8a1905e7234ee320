import { stat } from "node:fs/promises";
import type { LayerInput } from "@berth/transfer";
import { Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import { addCompressionFlags, compressionOptions, type CompressionFlags } from "../change/compression-flags.ts";
import { warnOfDockerZstd } from "../change/docker-zstd.ts";
import { MADE_FIELDS, makeNew } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { sourceEpoch } from "../change/source-epoch.ts";
import { addWhichFlags, ATTACHED_TEXT, platformsOf, type WhichFlags } from "../change/which-flags.ts";
import { inputStream } from "../content/input-stream.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { layerLimits, type LimitFlags } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { more } from "../transfer/transfer-flags.ts";

interface AppendFlags extends ResultFlags, WhichFlags, CompressionFlags, LimitFlags {
  readonly layer: readonly string[];
  readonly at?: string;
  readonly createdBy?: string;
}

/** `berth append`. */
export function appendCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "the image that goes below; of an index every image gets the layers")
    .addOption(
      new Option("-f, --layer <file>", "a tar archive, compressed or not, - for standard input, or a folder; repeatable, bottom first")
        .argParser(more)
        .makeOptionMandatory(),
    )
    .option("--at <path>", "where the content of folders goes in the image; default /")
    .option("--created-by <text>", "what the history says made the layer");
  addResultFlags(addWhichFlags(addCompressionFlags(command))).action(
    act(options, async (session, text: string, flags: AppendFlags) => {
      const { appendLayer } = await import("@berth/transfer");
      const epoch = await sourceEpoch(session);
      const { createdBy } = flags;
      if (flags.layer.filter((file) => file === "-").length > 1)
        throw new CommandFailure(EXIT_CODE.usage, "standard input can be one layer only: use one --layer -");
      const inputs: LayerInput[] = [];
      for (const file of flags.layer) inputs.push(await layerInput(session, file, flags.at));
      await makeNew(
        session,
        text,
        flags,
        async ({ from, into, descriptor, options: edit }) => {
          let made = { descriptor, from };
          for (const input of inputs) {
            const next = await appendLayer(made.from, made.descriptor, input, into, {
              ...edit,
              ...platformsOf(flags),
              ...compressionOptions(flags),
              ...layerLimits(flags),
              ...(epoch !== undefined && { epoch }),
              ...(createdBy !== undefined && { createdBy }),
            });
            made = { descriptor: next, from: into };
          }
          if (flags.compression === "zstd") await warnOfDockerZstd(session, into, made.descriptor, edit);
          return made.descriptor;
        },
        { platform: flags.platform },
      );
    }),
  );
  return addHelp(command, {
    text: [
      "Files of a folder are owned by root and all of one time, 1970 or SOURCE_DATE_EPOCH, so that the same files give the same digest.",
      "Without --tag, --replace and --output the result has no tag: what is printed names it by digest.",
      ATTACHED_TEXT,
    ].join("\n"),
    examples: [
      ["berth append -f site --at /srv/www --tag v2 localhost:5000/app:v1", "the content of a folder, at a place in the image"],
      ["berth append -f layer.tar --replace localhost:5000/app:v1", "an archive as it is; the tag moves to the result"],
      ["tar -c etc | berth append -f - --compression zstd --tag v2 oci:images:v1", "from a pipe, in a layout"],
      ["berth append -f bin -o oci-archive:app.tar:v1 debian:12", "on a base image, into a file"],
    ],
    output: MADE_FIELDS,
  });
}

async function layerInput(session: Session, file: string, at: string | undefined): Promise<LayerInput> {
  const isFolder = file !== "-" && (await stat(file)).isDirectory();
  if (isFolder) return [{ path: file, name: (at ?? "").replace(/^\/+|\/+$/g, "") }];
  if (at !== undefined)
    throw new CommandFailure(EXIT_CODE.usage, `cannot use --at with "${file}": it is no folder, and paths in an archive stay as they are`);
  const stream = await inputStream(session, file);
  if (stream !== undefined) return stream;
  const { fileSource } = await import("@berth/oci/node");
  return await fileSource(file);
}
