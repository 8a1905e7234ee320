import { type CallOptions, MEDIA_TYPES, type Paged, UnsupportedError } from "@berth/oci";
import { Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { inParallel } from "../content/in-parallel.ts";
import { chosen, registryHostOf } from "../content/list-place.ts";
import { digestOf, needsDetails, parseOrder, pointingAt, sortTags, type TagOrder } from "../content/sort-tags.ts";
import { isDigestTag, nameFilter } from "../content/name-filter.ts";
import { type TagDetails, tagDetails } from "../content/tag-details.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { more } from "../transfer/transfer-flags.ts";
import { parseCount } from "../flags/values.ts";
import { humanAge, humanSize } from "../output/human.ts";
import { oneLine } from "../output/plain-text.ts";
import { formatTable } from "../output/table.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";

interface LsFlags {
  readonly last?: string;
  readonly limit?: number;
  readonly match?: readonly string[];
  readonly exclude?: readonly string[];
  readonly all?: boolean;
  readonly long?: boolean;
  readonly sort?: TagOrder;
  readonly pointsAt?: string;
}

/** Requests at a time for `-l`, unless told. */
const DEFAULT_JOBS = 8;

/** `berth ls`. */
export function lsCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<place>", "a registry, for its repositories; a repository or OCI layout, for its tags")
    .option("--last <name>", "list what comes after this name")
    .option("--limit <number>", "list so many at most", parseCount(1))
    .option("--match <pattern>", "list what matches a shell pattern, or /expression/; repeatable", more)
    .option("--exclude <pattern>", "leave out what matches; repeatable", more)
    .option("-a, --all", "list also tags that belong to another image, such as sha256-....sig")
    .option("-l, --long", "show digest, size, age and platforms of each tag")
    .addOption(
      new Option("--sort <order>", "order tags by name, version, created or size; -created: the newest first").argParser(parseOrder),
    )
    .option("--points-at <digest>", "list the tags that name this digest, or what this tag names")
    .action(
      act(options, async (session, text: string, flags: LsFlags) => {
        const host = registryHostOf(text);
        if (host !== undefined) return await listRepositories(session, host, flags);
        await withPlace(session, text, async (place, call) => await listTags(session, place, flags, call));
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "jobs"));
  return addHelp(command, {
    examples: [
      ["berth ls localhost:5000", "the repositories of a registry"],
      ["berth ls localhost:5000/team/app", "the tags of a repository"],
      ["berth ls -l --match '1.*' alpine", "digest, size, age and platforms of some tags"],
      ["berth ls -l --sort -created --limit 5 localhost:5000/team/app", "the newest five"],
      ["berth ls --points-at latest localhost:5000/team/app", "which version latest is"],
      ["berth ls --exclude '/-rc\\d+$/' ghcr.io/acme/app", "all but release candidates"],
      ["berth ls oci:folder", "the tags of an OCI layout"],
    ],
    output: {
      registry: "of a list of repositories: the host",
      repositories: "of a list of repositories: the names",
      reference: "of a list of tags: the place",
      "tags[].name": "the tag; with -l also what follows",
      "tags[].digest": "of the manifest",
      "tags[].mediaType": "of the manifest",
      "tags[].artifactType": "of the manifest, if it has one",
      "tags[].size": "bytes of config and layers; of an index, of its linux/amd64 or first image",
      "tags[].created": "when the image was made, as it says",
      "tags[].platforms": "for which there is an image",
    },
  });
}

async function listRepositories(session: Session, host: string, flags: LsFlags): Promise<void> {
  session.subject = host;
  const registry = await session.connections.registry(host);
  const names = select(registry.repositories(listOptions(session, flags)), flags, nameFilter(flags));
  if (session.format.kind === "text") return await printLines(session, names);
  const repositories = await Array.fromAsync(names);
  await session.print({ data: { registry: host, repositories }, text: () => "" });
}

async function listTags(session: Session, place: Place, flags: LsFlags, call: CallOptions): Promise<void> {
  const { target } = place;
  if (target.tags === undefined) throw new UnsupportedError(`list the tags of "${place.name}"`);
  const filter = nameFilter(flags);
  const wanted = (name: string): boolean => filter(name) && (flags.all === true || !isDigestTag(name));
  const { sort, limit, pointsAt, long } = flags;
  const isWhole = sort !== undefined || pointsAt !== undefined; // then the limit is about what comes out
  const names = select(target.tags(listOptions(session, isWhole ? { ...flags, limit: undefined } : flags)), isWhole ? {} : flags, wanted);
  const jobs = session.jobs(DEFAULT_JOBS);
  const found = pointsAt === undefined ? names : pointingAt(place, names, await digestOf(place, pointsAt, call), jobs, call);
  if (long === true || needsDetails(sort)) {
    const details = await Array.fromAsync(inParallel(found, jobs, async (name) => await tagDetails(place, name, call)));
    const tags = sortTags(details, sort).slice(0, isWhole ? limit : undefined);
    const text = (): string => (long === true ? longTable(tags) : tags.map(({ name }) => `${oneLine(name)}\n`).join(""));
    return await session.print({ data: { reference: place.name, tags }, text });
  }
  if (isWhole) {
    const tags = sortTags(await Array.fromAsync(found, (name) => ({ name })), sort).slice(0, limit);
    const text = (): string => tags.map(({ name }) => `${oneLine(name)}\n`).join("");
    return await session.print({ data: { reference: place.name, tags }, text });
  }
  if (session.format.kind === "text") return await printLines(session, names);
  const tags = await Array.fromAsync(names, (name) => ({ name }));
  await session.print({ data: { reference: place.name, tags }, text: () => "" });
}

function select(names: Paged<string>, { limit }: Pick<LsFlags, "limit">, wanted: (name: string) => boolean): AsyncIterable<string> {
  return chosen(names, { limit, wanted });
}

function listOptions(
  { signal }: Session,
  { last, limit, match, exclude }: Omit<LsFlags, "limit"> & { readonly limit?: number | undefined },
): { last?: string; pageSize?: number; signal: AbortSignal } {
  const isAll = match === undefined && exclude === undefined;
  return { signal, ...(last !== undefined && { last }), ...(limit !== undefined && isAll && { pageSize: Math.min(limit, 1000) }) };
}

/** Lines are written as pages come: lists may be long. */
async function printLines({ io }: Session, names: AsyncIterable<string>): Promise<void> {
  for await (const name of names) io.stdout.write(`${oneLine(name)}\n`);
}

/** Hex digits of a digest that are shown. */
const SHORT = 12;

function longTable(tags: readonly TagDetails[]): string {
  const now = Date.now();
  const rows = tags.map((tag) => [
    tag.name,
    tag.digest.slice(tag.digest.indexOf(":") + 1).slice(0, SHORT),
    humanSize(tag.size),
    tag.created === undefined ? "" : humanAge(tag.created, now),
    tag.platforms.length > 0 ? tag.platforms.join(" ") : kindOf(tag),
  ]);
  return formatTable([["TAG", "DIGEST", "SIZE", "CREATED", "PLATFORMS"], ...rows], { right: [2] });
}

function kindOf({ artifactType, mediaType }: TagDetails): string {
  return artifactType ?? (mediaType === MEDIA_TYPES.ociManifest ? "" : mediaType);
}
