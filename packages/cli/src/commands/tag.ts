import { parseReferenceWithin, parseTag, type RegistryReference } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withoutScheme } from "../connect/parse-place.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { changeable } from "../content/changeable.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface TagFlags {
  readonly dryRun?: boolean;
}

/** `berth tag`. */
export function tagCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "what is to be tagged")
    .argument("<tag...>", "new tags in the same repository; existing ones move")
    .option("--dry-run", "only say what would be done")
    .action(
      act(options, async (session, text: string, names: string[], { dryRun }: TagFlags) => {
        await withPlace(session, text, async (place, call) => {
          const tags = names.map((name) => tagWithin(place, name));
          const descriptor = await place.target.resolve(place.reference, call);
          if (dryRun !== true) {
            if (place.repository !== undefined) await place.repository.manifests.tagAll(descriptor, tags, call);
            else for (const tag of tags) await (await changeable(session, place)).tag(descriptor, tag, call);
          }
          await session.print({
            data: {
              reference: place.describe(descriptor.digest),
              digest: descriptor.digest,
              mediaType: descriptor.mediaType,
              size: descriptor.size,
              tags,
            },
            text: () => (dryRun === true ? tags.map((tag) => `would tag ${place.describe(tag)} as ${descriptor.digest}\n`).join("") : ""),
          });
          if (dryRun !== true) for (const tag of tags) session.say(`Tagged ${place.describe(tag)} as ${descriptor.digest}`);
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet"));
  return addHelp(command, {
    text: "No content is moved: it takes one read and one write, whatever the image's size.",
    examples: [
      ["berth tag localhost:5000/app:1.4.2 1.4 1 latest", "three more tags"],
      ["berth tag localhost:5000/app@sha256:... v1", "tag what has none"],
      ["berth tag oci:folder:v1 stable", "in an OCI layout"],
    ],
    output: {
      reference: "the place, with its digest",
      digest: "of the manifest",
      mediaType: "of the manifest",
      size: "bytes of the manifest",
      tags: "that name it now",
    },
  });
}

/** A tag, or a whole reference into the same repository, as other tools want it. */
function tagWithin({ location, name }: Place, given: string): string {
  const text = withoutScheme(given);
  if (location.transport !== "registry" || !text.includes("/"))
    return location.transport === "docker-archive" ? text : parseTag(text.replace(/^:/, ""));
  const { domain: registry, path: repository } = location.reference;
  const within: RegistryReference = { registry, repository };
  const { reference } = parseReferenceWithin(within, text);
  if (text.includes("@")) throw new CommandFailure(EXIT_CODE.usage, `"${text}" is no tag of "${name}"`);
  return reference;
}
