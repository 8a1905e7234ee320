import type { CallOptions } from "@berth/oci";
import type { OciLayout } from "@berth/transfer";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { mayDelete } from "../content/confirm-delete.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags } from "../flags/add-flags.ts";
import { parseDuration } from "../flags/values.ts";
import { humanSize } from "../output/human.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface GcFlags {
  readonly dryRun?: boolean;
  readonly untagged?: boolean;
  readonly force?: boolean;
  readonly grace?: number;
}

/** `berth gc`. */
export function gcCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<layout>", "an OCI layout: oci:FOLDER")
    .option("--dry-run", "only say what would be removed")
    .option("--untagged", "remove manifests without a tag, too, unless something tagged leads to them")
    .option("-f, --force", "with --untagged: do not ask")
    .option("--grace <time>", "leave what came within this time: it may belong to a copy under way; default 1h", parseDuration)
    .action(
      act(options, async (session, text: string, { dryRun = false, untagged = false, force = false, grace }: GcFlags) => {
        const location = parsePlace(text);
        if (location.transport !== "oci")
          throw new CommandFailure(EXIT_CODE.usage, `only OCI layouts are cleaned up so: expected oci:FOLDER, found "${text}"`);
        if (location.reference !== undefined)
          throw new CommandFailure(EXIT_CODE.usage, `"${text}" names one image: a layout is cleaned up as a whole, oci:${location.path}`);
        session.subject = text;
        if (untagged && !dryRun && !(await mayDelete(session, `what has no tag in oci:${location.path}`, { force }))) return;
        const { openLayout } = await import("@berth/transfer");
        const call = { signal: session.signal };
        const layout = await openLayout(location.path, { ...call, ...(dryRun && { readOnly: true }) });
        const report = await layout.gc({ ...call, dryRun, untagged, ...(grace !== undefined && { graceMs: grace }) });
        const { removed, removedBytes, keptBlobs, keptBytes } = report;
        const untaggedLeft = untagged || keptBlobs === 0 ? 0 : await countUntagged(layout, call);
        const verb = dryRun ? "would remove" : "removed";
        await session.print({
          data: {
            reference: `oci:${location.path}`,
            ...(dryRun && { dryRun }),
            removed,
            removedBytes,
            keptBlobs,
            keptBytes,
            untagged: untaggedLeft,
          },
          text: () =>
            session.settings.quiet
              ? ""
              : [
                  ...removed.map(({ kind, name }) => `${verb} ${kind} ${name}\n`),
                  `${verb} ${humanSize(removedBytes)}, ${keptBlobs} blobs stay (${humanSize(keptBytes)})\n`,
                ].join(""),
        });
        if (untaggedLeft > 0 && session.format.kind === "text") {
          const what = untaggedLeft === 1 ? "manifest without a tag stays" : "manifests without a tag stay";
          session.say(`${untaggedLeft} ${what}: add --untagged to remove ${untaggedLeft === 1 ? "it" : "them"}, too`);
        }
      }),
    );
  addOutputFlags(command, "format", "quiet");
  return addHelp(command, {
    examples: [
      ["berth gc --dry-run oci:folder", "what nothing leads to any more"],
      ["berth gc oci:folder", "remove it"],
      ["berth gc --untagged -f --grace 0 oci:folder", "all that has no tag, at once"],
    ],
    output: {
      reference: "the layout",
      dryRun: "true, when nothing was done",
      "removed[].kind": "blob, entry (of index.json) or ingest (what stopped half-way)",
      "removed[].name": "its digest, or the name of a file",
      "removed[].size": "bytes",
      removedBytes: "bytes of all that",
      keptBlobs: "blobs that stay",
      keptBytes: "bytes of those",
      untagged: "manifests that stay, and would go with --untagged",
    },
  });
}

/** Manifests that stay though they have no tag, and nothing that has one needs them. */
async function countUntagged(layout: OciLayout, call: CallOptions): Promise<number> {
  const { removed } = await layout.gc({ ...call, dryRun: true, untagged: true });
  return removed.filter(({ kind }) => kind === "entry").length;
}
