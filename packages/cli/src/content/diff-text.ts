import type { EntryDiff, ItemState, JsonChange, LayerDiff, ListItem } from "@berth/transfer";
import { humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import type { ImageDiff } from "./diff-images.ts";

const MARKS = { shared: " ", added: "+", removed: "-", changed: "~" } as const;

/** What `berth manifest diff` shows to people: nothing for two that are the same. */
export function diffText({ before, after, same, manifest, config }: ImageDiff): string {
  if (same) return "";
  const { layerBytes, layers, entries, fields } = manifest;
  const parts = [
    `--- ${before.reference} ${before.digest}\n+++ ${after.reference} ${after.digest}\n`,
    block("Manifest", fields.map(changeLine)),
    block("Platforms", differing(entries).map(entryLine)),
    block("Config", (config?.fields ?? []).map(changeLine)),
    block(
      "History",
      differing(config?.history ?? []).map((step) => `${MARKS[step.state]} ${stepOf(step)}`),
    ),
    layers.every(({ state, changes }) => state === "shared" && changes === undefined)
      ? ""
      : block(
          `Layers (${humanSize(layerBytes.shared)} shared, ${humanSize(layerBytes.added)} added, ${humanSize(layerBytes.removed)} removed)`,
          layers.flatMap(layerLines),
        ),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function block(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${title}:\n${lines.map((line) => `  ${/^ */.exec(line)?.[0] ?? ""}${oneLine(line)}\n`).join("")}`;
}

function changeLine({ path, kind, before, after }: JsonChange): string {
  const name = path.join(".");
  if (kind === "changed") return `~ ${name}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`;
  return `${MARKS[kind]} ${name}: ${JSON.stringify(kind === "added" ? after : before)}`;
}

function layerLines({ state, item, changes = [] }: LayerDiff): readonly string[] {
  const mark = MARKS[changes.length === 0 ? state : "changed"];
  return [`${mark} ${item.digest} ${humanSize(item.size)} ${item.mediaType}`, ...changes.map((one) => `    ${changeLine(one)}`)];
}

function entryLine({ platform = "-", state, before, after }: EntryDiff): string {
  const digests = [before?.digest, after?.digest].filter((digest) => digest !== undefined);
  return `${MARKS[state]} ${platform}: ${[...new Set(digests)].join(" -> ")}`;
}

function stepOf({ item }: ListItem<Readonly<Record<string, unknown>>>): string {
  const { created_by: createdBy, comment } = item;
  return typeof createdBy === "string" ? createdBy : typeof comment === "string" ? comment : JSON.stringify(item);
}

function differing<T extends { readonly state: ItemState | "changed" }>(items: readonly T[]): readonly T[] {
  return items.filter(({ state }) => state !== "shared");
}
