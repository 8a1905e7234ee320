import type { Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { diffImages } from "../content/diff-images.ts";
import { diffText } from "../content/diff-text.ts";
import { readManifest } from "../content/read-manifest.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface ManifestDiffFlags {
  readonly platform?: Platform;
}

/** `berth manifest diff`. */
export function manifestDiffCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<before>", "an image, an index or an artifact")
    .argument("<after>", "another one")
    .addOption(platformOption("of indexes, compare the images for this platform: linux/arm64"))
    .action(
      act(options, async (session, one: string, other: string, { platform }: ManifestDiffFlags) => {
        const diff = await withPlace(
          session,
          one,
          async (before, call) =>
            await withPlace(
              session,
              other,
              async (after) => {
                const wanted = { ...call, ...(platform && { platform }) };
                const old = { place: before, found: await readManifest(before, wanted) };
                return await diffImages(old, { place: after, found: await readManifest(after, wanted) }, call);
              },
              { side: "to" },
            ),
          { side: "from" },
        );
        const { before, after, same, manifest, config } = diff;
        await session.print({
          data: {
            before,
            after,
            same,
            ...manifest,
            layers: manifest.layers.map(({ state, item, changes }) => ({ state, ...item, changes })),
            config: config?.fields,
            history: config?.history.map(({ state, item }) => ({ state, ...item })),
          },
          text: () => diffText(diff),
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"), { twoSides: true });
  return addHelp(command, {
    text: [
      "Lines begin with + for what only the second one has, - for what only the first one has, ~ for what changed. Layers are shown bottom",
      "first. Nothing is printed for two that are the same.",
    ].join("\n"),
    examples: [
      ["berth manifest diff localhost:5000/app:v1 localhost:5000/app:v2", "what changed between two versions"],
      ["berth manifest diff --platform linux/arm64 debian:12.4 debian:12.5", "of one image of an index"],
      ["berth manifest diff oci:images:v1 localhost:5000/app:v1", "a layout with a registry"],
      ["berth manifest diff --format 'jsonpath=.layerBytes.added' a.test/app:v1 a.test/app:v2", "bytes that are new"],
    ],
    output: {
      "before.reference": "the first one; also mediaType, digest and size of its manifest",
      "after.reference": "the second one, in the same way",
      same: "whether they have the same digest",
      "fields[].path": "members of the manifest that differ: the names that lead there",
      "fields[].kind": "added, removed or changed",
      "fields[].before": "what it was",
      "fields[].after": "what it is",
      "layers[].state": "shared, added or removed; with the digest, size and mediaType of the layer",
      "layers[].changes": "of shared layers: members that differ, as in fields: annotations, mediaType",
      "layerBytes.shared": "bytes of layers that both have; also added and removed",
      "entries[].platform": "of indexes: images for a platform, with before and after",
      "entries[].state": "shared, changed, added or removed",
      "config[].path": "of images: members of the config that differ, as in fields",
      "history[].state": "of images: shared, added or removed steps of the history",
    },
  });
}
