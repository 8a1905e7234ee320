import { type Descriptor, formatPlatform, isJsonObject, isSchema1MediaType } from "@berth/oci";
import { humanAge, humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import { formatFields, formatTable } from "../output/table.ts";
import type { Inspection } from "./inspect-image.ts";

/** What `berth inspect` shows to people. @param now milliseconds since 1970 */
export function inspectionText(found: Inspection, now: number): string {
  const { config = {}, manifests, layers, annotations } = found;
  const isSized = !isSchema1MediaType(found.mediaType); // whose manifests say no sizes
  const size = isSized ? humanSize(found.contentSize) : "unknown,";
  const parts = [
    formatFields([
      ["Reference", found.reference],
      ["Digest", found.digest],
      ["Media type", found.mediaType],
      ["Artifact type", found.artifactType],
      ["Subject", found.subject?.digest],
      ["Tags", found.tags?.join(" ")],
      ["Platform", found.platform],
      ["Created", found.created === undefined ? undefined : `${found.created} (${humanAge(found.created, now)})`],
      ["Author", found.author],
      ["Size", manifests === undefined ? `${size} in ${countOf(layers?.length ?? 0, "layer")}` : undefined],
      ["User", nonEmpty(config["User"])],
      ["Working dir", nonEmpty(config["WorkingDir"])],
      ["Entrypoint", words(config["Entrypoint"])],
      ["Command", words(config["Cmd"])],
      ["Ports", names(config["ExposedPorts"])],
      ["Volumes", names(config["Volumes"])],
      ["Stop signal", nonEmpty(config["StopSignal"])],
    ]),
    block("Environment", lines(config["Env"])),
    block("Labels", pairs(config["Labels"])),
    block("Annotations", pairs(annotations)),
    table("Manifests", manifests === undefined ? [] : manifestRows(manifests)),
    table("Layers", layers === undefined ? [] : layerRows(layers, isSized)),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function manifestRows(manifests: readonly Descriptor[]): readonly (readonly string[])[] {
  const rows = manifests.map(({ digest, size, platform, artifactType, mediaType }) => [
    platform === undefined || platform.os === "unknown" ? "-" : formatPlatform(platform),
    digest,
    humanSize(size),
    artifactType ?? mediaType,
  ]);
  return rows.length === 0 ? [] : [["PLATFORM", "DIGEST", "SIZE", "TYPE"], ...rows];
}

function layerRows(layers: readonly Descriptor[], isSized: boolean): readonly (readonly string[])[] {
  const rows = layers.map(({ digest, size, mediaType, annotations }) => [
    digest,
    isSized ? humanSize(size) : "-",
    annotations?.["org.opencontainers.image.title"] ?? mediaType,
  ]);
  return rows.length === 0 ? [] : [["DIGEST", "SIZE", "TYPE"], ...rows];
}

function table(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0
    ? ""
    : `${title}:\n${formatTable(rows, { right: [rows[0]?.indexOf("SIZE") ?? -1] })
        .replace(/^/gm, "  ")
        .trimEnd()}\n`;
}

function block(title: string, items: readonly string[]): string {
  return items.length === 0 ? "" : `${title}:\n${items.map((item) => `  ${oneLine(item)}\n`).join("")}`;
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function lines(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** A command line, words with spaces in quotes. */
function words(value: unknown): string | undefined {
  const all = lines(value);
  return all.length === 0 ? undefined : all.map((word) => (/^[\w./:@=+,-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}

function names(value: unknown): string | undefined {
  const all = isJsonObject(value) ? Object.keys(value) : [];
  return all.length === 0 ? undefined : all.join(" ");
}

function pairs(value: unknown): readonly string[] {
  return isJsonObject(value) ? Object.entries(value).map(([name, text]) => `${name}=${String(text)}`) : [];
}
