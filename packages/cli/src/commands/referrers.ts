import type { Platform } from "@berth/oci";
import { Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { MANIFEST_FIELDS } from "../content/manifest-fields.ts";
import { REFERRER_ORDERS, type ReferrerNode, referrerTree } from "../content/referrer-tree.ts";
import { resolveImage } from "../content/resolve-image.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { more } from "../transfer/transfer-flags.ts";
import { platformOption } from "../flags/platform.ts";
import { parseCount } from "../flags/values.ts";
import { humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import { formatTable } from "../output/table.ts";
import { speaksUnicode } from "../output/terminal.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface ReferrersFlags {
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotation?: readonly string[];
  readonly depth: number;
  readonly sort: (typeof REFERRER_ORDERS)[number];
  readonly latest?: boolean;
  readonly table?: boolean;
}

/** Levels that are followed unless told. */
const DEFAULT_DEPTH = 8;

/** `berth referrers`. */
export function referrersCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image or artifact")
    .addOption(platformOption())
    .option("--artifact-type <type>", "only those of this type")
    .option("--annotation <name=value>", "only those with this annotation, or with this name; repeatable", more)
    .option("--depth <number>", "levels of referrers of referrers", parseCount(1), DEFAULT_DEPTH)
    .addOption(new Option("--sort <order>", "what orders them").choices(REFERRER_ORDERS).default("created"))
    .option("--latest", "only the last one of each list")
    .option("--table", "as a table instead of a tree")
    .action(
      act(options, async (session, text: string, flags: ReferrersFlags) => {
        await withPlace(session, text, async (place, call) => {
          const subject = await resolveImage(place, flags.platform, call);
          const nodes = await referrerTree(place, subject, {
            ...call,
            depth: flags.depth,
            order: flags.sort,
            latest: flags.latest === true,
            annotations: (flags.annotation ?? []).map(nameAndValue),
            ...(flags.artifactType !== undefined && { artifactType: flags.artifactType }),
          });
          const { mediaType, digest, size, artifactType } = subject;
          const reference = place.describe(digest);
          await session.print({
            data: { reference, mediaType, digest, size, artifactType, referrers: nodes.map((node) => dataOf(place, node)) },
            text: () => (flags.table === true ? tableOf(nodes) : `${reference}\n${treeOf(nodes, speaksUnicode(session.io.env))}`),
          });
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"));
  return addHelp(command, {
    text: "What refers to an image: signatures, attestations, bills of materials, and what refers to those.",
    examples: [
      ["berth referrers localhost:5000/app:v1", "all of them as a tree"],
      ["berth referrers --artifact-type application/spdx+json localhost:5000/app:v1", "of one type"],
      ["berth referrers --latest --format 'jsonpath=.referrers[0].digest' localhost:5000/app:v1", "the newest one's digest"],
    ],
    output: {
      ...MANIFEST_FIELDS,
      artifactType: "if it is known",
      "referrers[].reference": "the place of what refers to it",
      "referrers[].mediaType": "of that manifest, and so on",
      "referrers[].digest": "",
      "referrers[].size": "",
      "referrers[].artifactType": "",
      "referrers[].annotations": "",
      "referrers[].referrers": "what refers to that, in the same form",
    },
  });
}

function nameAndValue(text: string): readonly [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function dataOf(place: Place, { descriptor, referrers }: ReferrerNode): object {
  const { mediaType, digest, size, artifactType, annotations } = descriptor;
  return {
    reference: place.describe(digest),
    mediaType,
    digest,
    size,
    artifactType,
    annotations,
    referrers: referrers.map((node) => dataOf(place, node)),
  };
}

function treeOf(nodes: readonly ReferrerNode[], isUnicode: boolean, indent = ""): string {
  const [tee, corner, pipe] = isUnicode ? ["├── ", "└── ", "│   "] : ["|-- ", "`-- ", "|   "];
  return nodes
    .map(({ descriptor, referrers }, at) => {
      const isLast = at === nodes.length - 1;
      const { digest, size, artifactType, mediaType } = descriptor;
      const line = `${indent}${isLast ? corner : tee}${digest}  ${oneLine(artifactType ?? mediaType)}  ${humanSize(size)}\n`;
      return line + treeOf(referrers, isUnicode, `${indent}${isLast ? "    " : pipe}`);
    })
    .join("");
}

function tableOf(nodes: readonly ReferrerNode[]): string {
  const rows: string[][] = [];
  const add = (list: readonly ReferrerNode[], level: number): void => {
    for (const { descriptor, referrers } of list) {
      const { digest, size, artifactType, mediaType, annotations } = descriptor;
      rows.push([
        String(level),
        digest,
        artifactType ?? mediaType,
        humanSize(size),
        annotations?.["org.opencontainers.image.created"] ?? "",
      ]);
      add(referrers, level + 1);
    }
  };
  add(nodes, 1);
  return rows.length === 0 ? "" : formatTable([["LEVEL", "DIGEST", "TYPE", "SIZE", "CREATED"], ...rows], { right: [0, 3] });
}
