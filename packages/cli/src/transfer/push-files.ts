import type { Descriptor } from "@berth/oci";
import type { CopyOptions } from "@berth/transfer";
import type { Location } from "@berth/transfer/location";
import { describeLocation } from "../connect/describe-location.ts";
import { withDestination } from "../connect/destination.ts";
import type { Session } from "../session/session.ts";
import { copiedFields, printCopied, writeDigestFile, writeRefsFile } from "./copied.ts";
import { type PackFlags, withPackedFiles } from "./pack-files.ts";
import { previewTags } from "./preview-copy.ts";
import type { TransferFlags } from "./transfer-flags.ts";
import { withTransfer } from "./with-transfer.ts";

/** What is made of files, and where it goes. */
export interface PushFilesJob {
  readonly to: Location;
  /** None: it is stored under its digest alone. */
  readonly tags: readonly string[];
  /** As written: `path` or `path:type`, `-` for standard input. */
  readonly files: readonly string[];
  readonly subject?: Descriptor;
  readonly flags: PackFlags & TransferFlags & { readonly dryRun?: boolean; readonly digestFile?: string; readonly refsFile?: string };
  /** Default: those of the engine. */
  readonly settings?: Pick<CopyOptions, "existingTags">;
}

/** Makes an artifact of files, and pushes it. Nothing is sent before all files were read once. */
export async function pushFiles(session: Session, { to, tags, files, subject, flags, settings = {} }: PushFilesJob): Promise<void> {
  await withPackedFiles(session, files, flags, subject, async ({ store, manifest, files: packed }) => {
    const told = { files: packed };
    if (flags.dryRun === true) {
      const preview = await previewTags(
        session,
        to,
        tags.map((tag) => [tag, manifest]),
        settings.existingTags ?? "overwrite",
      );
      const fields = copiedFields({ describe: (reference) => describeLocation(to, reference) }, manifest, preview);
      return await printCopied(session, { ...fields, ...told, dryRun: true });
    }
    const { copy } = await import("@berth/transfer");
    const isStdout = to.transport !== "registry" && to.path === "-";
    const copied = await withDestination(session, to, async (destination) => {
      const done = await withTransfer(session, { ...flags, stdoutIsData: isStdout }, async (transfer) => {
        const pace = await transfer.between({ destination: destination.repository });
        return await copy(store, manifest.digest, destination.target, tags, { ...settings, ...pace });
      });
      await writeDigestFile(flags.digestFile, manifest);
      return { ...copiedFields(destination, manifest, done.tags), ...told, stats: done.stats };
    });
    await writeRefsFile(flags.refsFile, copied);
    await printCopied(session, copied, isStdout);
  });
}
