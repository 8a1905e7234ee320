import type { CallOptions, Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { ownReference } from "../connect/destination.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { resolveImage } from "../content/resolve-image.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { platformOption } from "../flags/platform.ts";
import { humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import { layerLimits, type LimitFlags, maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";

interface FsckFlags extends LimitFlags {
  readonly platform?: Platform;
  readonly fast?: boolean;
  readonly digests?: boolean;
}

/** `berth fsck`. */
export function fsckCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<place>", "an image, an index or an artifact; an OCI layout as a whole: oci:FOLDER")
    .addOption(platformOption("of an index, only the image for this platform"))
    .option("--fast", "only see whether everything is there")
    .option("--digests", "read everything, but do not unpack layers")
    .addOption(maxRatioOption())
    .action(
      act(options, async (session, text: string, flags: FsckFlags) => {
        if (flags.fast === true && flags.digests === true)
          throw new CommandFailure(EXIT_CODE.usage, "cannot use --fast with --digests: it reads nothing");
        await withPlace(session, text, async (place, call) => {
          const { location } = place;
          const isWhole = location.transport === "oci" && ownReference(location) === "" && flags.platform === undefined;
          const ok = isWhole
            ? await checkLayout(session, place, location.path, flags, call)
            : await checkImage(session, place, flags, call);
          if (!ok) throw new CommandFailure(EXIT_CODE.invalid);
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet"));
  return addHelp(command, {
    text: "All content is read and held against its digest, layers are unpacked and held against the config. Problems make the exit code 6.",
    examples: [
      ["berth fsck localhost:5000/app:v1", "everything that belongs to an image"],
      ["berth fsck --fast localhost:5000/app:v1", "whether it is all there, by small requests"],
      ["berth fsck oci:folder", "a layout, with what no tag leads to"],
    ],
    output: {
      reference: "what was checked; of an image also mediaType, digest and size of its manifest",
      ok: "whether nothing is wrong",
      manifests: "of an image: manifests that were read",
      blobs: "blobs that were looked at",
      foreign: "of an image: layers that are kept outside of registries",
      bytes: "of a layout: bytes that are there",
      "problems[].path": "of an image: the way from the root, such as layers[0]",
      "problems[].kind": "of a layout: missing, wrong-digest, ...",
      "problems[].digest": "of the content",
      "problems[].message": "what is wrong",
    },
  });
}

async function checkImage(session: Session, place: Place, flags: FsckFlags, call: CallOptions): Promise<boolean> {
  const { platform, fast, digests } = flags;
  const { validateImage } = await import("@berth/transfer");
  const root = await resolveImage(place, platform, call);
  const depth = fast === true ? "presence" : digests === true ? "digests" : "layers";
  const report = await validateImage(place.target, root, { ...call, depth, ...layerLimits(flags) });
  const { ok, manifests, blobs, foreign } = report;
  const problems = report.problems.map(({ path, descriptor, error }) => ({ path, digest: descriptor.digest, message: error.message }));
  const { mediaType, digest, size } = root;
  const reference = place.describe(digest);
  await session.print({
    data: { reference, mediaType, digest, size, ok, manifests, blobs, foreign, problems },
    text: () => textOf(session, problems.map(withName), `${reference} is whole: manifests ${manifests}, blobs ${blobs}`),
  });
  return ok;
}

async function checkLayout(session: Session, place: Place, folder: string, { fast }: FsckFlags, call: CallOptions): Promise<boolean> {
  const { openLayout } = await import("@berth/transfer");
  const layout = await openLayout(folder, { ...call, readOnly: true });
  const { problems: found, blobs, bytes } = await layout.check({ ...call, verify: fast !== true });
  const problems = found.filter(({ kind }) => kind !== "missing-child"); // somebody took a part of the platforms
  const ok = problems.length === 0;
  await session.print({
    data: { reference: place.name, ok, blobs, bytes, problems },
    text: () => textOf(session, problems, `${place.name} is whole: ${blobs} blobs, ${humanSize(bytes)}`),
  });
  return ok;
}

/** What is at the root of an image has no path, but a name. */
function withName({ path, digest, message }: { readonly path: string; readonly digest: string; readonly message: string }): {
  readonly path: string;
  readonly message: string;
} {
  return { path: path === "" ? digest : path, message };
}

function textOf({ settings }: Session, problems: readonly { readonly path?: string; readonly message: string }[], allWell: string): string {
  if (problems.length === 0) return settings.quiet ? "" : `${allWell}\n`;
  return problems.map(({ path = "", message }) => `${path === "" ? "" : `${path}: `}${oneLine(message)}\n`).join("");
}
