import { createRemoteRepository } from "@berth/client";
import { copy, openLayout, openUploadJournal } from "@berth/transfer";

/**
 * Copies a tag between a registry and an OCI layout, and says on stdout how far it is: `copy-and-report.ts push|pull HOST LAYOUT JOURNAL`.
 * Ends with a line `done`.
 */
const [direction = "", host = "", folder = "", journal = ""] = process.argv.slice(2);
const remote = createRemoteRepository(`${host}/a/b`, { plainHttp: true });
const layout = await openLayout(folder);
const [source, destination] = direction === "push" ? [layout, remote] : [remote, layout];
await copy(source, "v1", destination, undefined, {
  journal: openUploadJournal(journal),
  onEvent: ({ action, current }) => process.stdout.write(`${action} ${current}\n`),
});
process.stdout.write("done\n");
