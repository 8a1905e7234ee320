import type { Platform } from "@berth/oci";
import { Command } from "commander";
import type { ImageFile } from "@berth/transfer";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { nameFilter, PATTERNS_TEXT } from "../content/name-filter.ts";
import { resolveOneImage } from "../content/resolve-image.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { platformOption } from "../flags/platform.ts";
import { oneLine } from "../output/plain-text.ts";
import { layerLimits, type LimitFlags, maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { more } from "../transfer/transfer-flags.ts";

interface LsFilesFlags extends LimitFlags {
  readonly platform?: Platform;
  readonly long?: boolean;
  readonly match?: readonly string[];
  readonly exclude?: readonly string[];
}

/** `berth ls-files`. */
export function lsFilesCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image")
    .addOption(platformOption("of an index, the image for this platform; default: this machine's"))
    .option("-l, --long", "show mode, owner, size and time of each file")
    .option("--match <pattern>", "list what matches a shell pattern, or /expression/; repeatable", more)
    .option("--exclude <pattern>", "leave out what matches; repeatable", more)
    .addOption(maxRatioOption())
    .action(
      act(options, async (session, text: string, flags: LsFilesFlags) => {
        const { platform, long, match, exclude } = flags;
        const { listFiles } = await import("@berth/transfer");
        const wanted = nameFilter({ ...(match && { match: match.map(fromRoot) }), ...(exclude && { exclude: exclude.map(fromRoot) }) });
        await withPlace(session, text, async (place, call) => {
          const { target } = place;
          const root = await resolveOneImage(place, platform, call);
          const files: ImageFile[] = [];
          for await (const file of listFiles(target, root, { ...call, ...layerLimits(flags) })) {
            if (!wanted(file.path)) continue;
            if (session.format.kind === "text") session.io.stdout.write(`${long === true ? longLine(file) : oneLine(`/${file.path}`)}\n`);
            else files.push(file);
          }
          if (session.format.kind === "text") return;
          const { mediaType, digest, size } = root;
          const data = {
            reference: place.describe(digest),
            mediaType,
            digest,
            size,
            files: files.map((file) => ({ ...file, path: `/${file.path}` })),
          };
          await session.print({ data, text: () => "" });
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format"));
  return addHelp(command, {
    text: [
      "What a container of the image would see: files of the top layer first. Expressions meet paths without the slash in front.",
      PATTERNS_TEXT,
    ].join("\n"),
    examples: [
      ["berth ls-files debian:12", "every path"],
      ["berth ls-files -l --match '/^etc/' debian:12", "one folder, with sizes"],
      ["berth ls-files --match '**/*.conf' debian:12", "files of a kind, in all folders"],
      ["berth ls-files --format 'jsonpath=.files[*].layer.digest' debian:12 | sort | uniq -c", "files of each layer"],
    ],
    output: {
      reference: "the image, with its digest; also mediaType, digest and size of its manifest",
      "files[].path": "the path, from /",
      "files[].type": "file, folder, symlink, ...",
      "files[].mode": "permission bits, as a number",
      "files[].uid": "its owner, and gid its group",
      "files[].size": "bytes",
      "files[].modifiedAt": "when it was changed",
      "files[].linkTarget": "of a link: where it leads",
      "files[].layer.digest": "the layer that it comes from, and layer.index its number from 0",
    },
  });
}

/** A pattern for paths, which have no slash in front; people write what they were shown. Expressions stay as they are. */
function fromRoot(pattern: string): string {
  return /^\/.*\/$/s.test(pattern) ? pattern : pattern.replace(/^\/+/, "");
}

const KINDS: Readonly<Record<string, string>> = {
  file: "-",
  hardlink: "-",
  folder: "d",
  symlink: "l",
  "block-device": "b",
  "character-device": "c",
  fifo: "p",
};

function longLine({ path, type, mode, uid, gid, size, modifiedAt, linkTarget }: ImageFile): string {
  const bits = Array.from({ length: 9 }, (_, at) => ((mode >> (8 - at)) & 1 ? "rwx".charAt(at % 3) : "-")).join("");
  const link = linkTarget === undefined ? "" : ` -> ${linkTarget}`;
  const time = modifiedAt.toISOString().slice(0, 19).replace("T", " ");
  return `${KINDS[type] ?? "?"}${bits} ${uid}/${gid} ${String(size).padStart(10)} ${time} ${oneLine(`/${path}${link}`)}`;
}
