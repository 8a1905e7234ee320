import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { canAsk } from "../connect/ask.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { SyncRun } from "../sync/sync-run.ts";
import { outcomeText, STATS_FIELDS } from "../transfer/copied.ts";
import { Batch, keepGoingOption } from "../transfer/batch.ts";
import { addTransferFlags, type TransferFlags } from "../transfer/transfer-flags.ts";
import { withTransfer } from "../transfer/with-transfer.ts";

interface SyncFlags extends TransferFlags {
  readonly dryRun?: boolean;
  readonly keepGoing?: boolean;
  readonly delete?: boolean;
  readonly force?: boolean;
  readonly recheck?: boolean;
}

/** `berth sync`. */
export function syncCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<file>", "what is synced where, as YAML; - for standard input; see `berth help sync-file`")
    .option("--dry-run", "only say what would be done to tags")
    .option("--delete", "then take away tags at the destination that the source has no more")
    .option("-f, --force", "with --delete: do not ask")
    .option("--recheck", "look at everything below, also where a registry has the manifest: repairs what is broken, completes an index")
    .addOption(keepGoingOption())
    .action(
      act(options, async (session, file: string, flags: SyncFlags) => {
        const { loadSyncFile } = await import("../sync/load-sync-file.ts");
        const found = await loadSyncFile(session.io, file);
        session.connections.use(found.registries);
        const dryRun = flags.dryRun === true;
        const force = flags.force === true;
        if (flags.delete === true && !dryRun && !force && !canAsk(session.io))
          throw new CommandFailure(EXIT_CODE.usage, "will not delete tags unasked: add --force, or --dry-run to see what would be done");
        const batch = new Batch(session, flags);
        const run = new SyncRun(session, batch, flags);
        try {
          if (dryRun) await run.run(found, undefined);
          else await withTransfer(session, flags, async (transfer) => await run.run(found, transfer));
          if (flags.delete === true && batch.failures.length === 0) await run.deleteStale({ dryRun, force });
          else if (flags.delete === true) session.warnings.add("nothing was deleted: not everything could be synced");
        } finally {
          await report(session, run, batch, { file, dryRun });
        }
        batch.end(batch.failures.length + run.tags.length);
      }),
    );
  addRegistryFlags(addTransferFlags(command.addOption(maxRatioOption())), { twoSides: true });
  return addHelp(command, {
    text: [
      "What is there already is not sent again: a tag that names the same on both sides costs one small request to each; the images that",
      "platforms choose of an index are asked for as well. A registry that has an index in part, as it was synced with platforms before and is",
      "without them now, or that lost something, is made whole by --recheck; layouts always are. Nothing is deleted at the destination",
      "without --delete, and then only tags that patterns and versions of the file mean, and that no other item brings;",
      "never when something failed, and not every tag because nothing was meant. What no repository and no tag matches is a warning. Lines are about tags that changed; --format json has all.",
    ].join("\n"),
    examples: [
      ["berth sync mirror.yml", "everything that the file lists"],
      ["berth sync --dry-run mirror.yml", "what would be copied"],
      ["berth sync --delete --dry-run mirror.yml", "what would be deleted, too"],
      ["berth sync --keep-going -j 8 mirror.yml", "as much as can be had, eight images at a time"],
    ],
    output: {
      file: "the sync file",
      "tags[].source": "an image that is meant",
      "tags[].reference": "where it goes",
      "tags[].tag": "its tag there",
      "tags[].digest": "of the manifest; not when it was skipped",
      "tags[].size": "bytes of the manifest",
      "tags[].outcome":
        "tagged, unchanged, kept (it names something else, and was left alone), skipped (it is there, and never changes) or deleted",
      "tags[].copied": "of a tag that is unchanged: manifests and blobs that were missing there and came; absent when nothing was",
      "failures[].source": "what could not be synced",
      "failures[].class": "what the failure means, with code, message, registry, status and hint",
      dryRun: "true, when nothing was done",
      ...STATS_FIELDS,
    },
  });
}

async function report(
  session: Session,
  { tags, stats }: SyncRun,
  { failures }: Batch,
  { file, dryRun }: { readonly file: string; readonly dryRun: boolean },
): Promise<void> {
  const changed = tags.filter(({ outcome, copied = 0 }) => (outcome !== "unchanged" && outcome !== "skipped") || copied > 0);
  const lines = changed.map(
    ({ reference, digest, outcome, copied = 0 }) =>
      `${oneLine(reference)}${digest === undefined ? "" : `@${digest}`}${outcome === "tagged" ? "" : ` (${outcomeText({ outcome, copied })})`}${dryRun ? " (dry run)" : ""}\n`,
  );
  await session.print({
    data: {
      file,
      tags,
      failures,
      ...(dryRun ? { dryRun } : { stats }),
    },
    text: () => (session.settings.quiet ? "" : lines.join("")),
  });
  if (session.format.kind !== "text" || session.tellsRecords) return;
  const count = (outcome: string): number => tags.filter((tag) => tag.outcome === outcome).length;
  const parts = [
    `${count("tagged")} ${dryRun ? "to be tagged" : "tagged"}`,
    `${count("unchanged") + count("skipped")} unchanged`,
    ...(count("deleted") > 0 ? [`${count("deleted")} ${dryRun ? "to be deleted" : "deleted"}`] : []),
    ...(count("kept") > 0 ? [`${count("kept")} kept`] : []),
    ...(failures.length > 0 ? [`${failures.length} failed`] : []),
    ...(dryRun ? [] : [`${humanSize(stats.bytes)} moved`]),
  ];
  session.say(parts.join(", "));
}
