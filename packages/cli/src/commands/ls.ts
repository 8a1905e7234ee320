import { type CallOptions, MEDIA_TYPES } from "@berth/oci";
import { Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { LOOK_UPS } from "../content/in-parallel.ts";
import { chosen, registryHostOf } from "../content/list-place.ts";
import { isDigestTag, nameFilter, PATTERNS_TEXT } from "../content/name-filter.ts";
import { parseOrder, type SortedTag, type TagOrder } from "../content/sort-tags.ts";
import { listedTags } from "../content/tag-lister.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
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
  readonly inIndex?: boolean;
}

/** `berth ls`. */
export function lsCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<place>", "a registry, for its repositories; a repository, layout or archive, for its tags")
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
    .option("--in-index", "with --points-at, also the tags of indexes that hold it")
    .action(
      act(options, async (session, text: string, flags: LsFlags) => {
        const host = registryHostOf(text);
        if (host !== undefined) return await listRepositories(session, host, flags);
        await withPlace(session, text, async (place, call) => await listTags(session, place, flags, call));
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format", "jobs"));
  return addHelp(command, {
    text: PATTERNS_TEXT,
    examples: [
      ["berth ls localhost:5000", "the repositories of a registry"],
      ["berth ls --match 'team/**' localhost:5000", "those below team"],
      ["berth ls localhost:5000/team/app", "the tags of a repository"],
      ["berth ls -l --match '1.*' alpine", "digest, size, age and platforms of some tags"],
      ["berth ls -l --sort -created --limit 5 localhost:5000/team/app", "the newest five"],
      ["berth ls --sort -version --limit 1 --match 'v*' ghcr.io/acme/app", "the highest version"],
      ["berth ls --points-at latest localhost:5000/team/app", "which version latest is"],
      ["berth ls --points-at sha256:... --in-index debian", "the tags whose indexes hold an image"],
      ["berth ls --exclude '/-rc\\d+$/' ghcr.io/acme/app", "all but release candidates"],
      ["berth ls oci:folder", "the tags of an OCI layout"],
      ["berth ls docker-archive:app.tar", "the images in an archive"],
    ],
    output: {
      registry: "of a list of repositories: the host",
      repositories: "of a list of repositories: the names",
      reference: "of a list of tags: the place",
      "tags[].name": "the tag; with -l, or where the order takes it, also what follows",
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
  const wanted = nameFilter(flags);
  const ofTags = { "--long": flags.long, "--sort": flags.sort, "--points-at": flags.pointsAt };
  for (const [flag, value] of Object.entries(ofTags))
    if (value !== undefined)
      throw new CommandFailure(EXIT_CODE.usage, `${flag} is about tags, and "${host}" is a registry: name a repository`);
  const names = chosen(registry.repositories(listOptions(session, flags)), { limit: flags.limit, wanted });
  if (session.format.kind === "text") return await printLines(session, names);
  const repositories = await Array.fromAsync(names);
  await session.print({ data: { registry: host, repositories }, text: () => "" });
}

async function listTags(session: Session, place: Place, flags: LsFlags, call: CallOptions): Promise<void> {
  const { sort, limit, pointsAt, inIndex, long, last } = flags;
  if (inIndex === true && pointsAt === undefined) throw new CommandFailure(EXIT_CODE.usage, "--in-index needs --points-at");
  const filter = nameFilter(flags);
  const found = listedTags(place, {
    ...call,
    wanted: (name) => filter(name) && (flags.all === true || !isDigestTag(name)),
    limit,
    last,
    order: sort,
    pointsAt,
    pageSize: listOptions(session, flags).pageSize,
    inIndex: inIndex === true,
    details: long === true,
    jobs: session.jobs(LOOK_UPS),
    onGone: (name) => session.warnings.add(`${place.describe(name)} is left out: it was listed, and is not there any more`),
  });
  if (session.format.kind === "text" && long !== true) return await printLines(session, namesOf(found));
  const tags = await Array.fromAsync(found);
  await session.print({ data: { reference: place.name, tags }, text: () => longTable(tags) });
}

async function* namesOf(tags: AsyncIterable<SortedTag>): AsyncGenerator<string> {
  for await (const { name } of tags) yield name;
}

function listOptions(
  { signal }: Session,
  { last, limit, match, exclude }: LsFlags,
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

function longTable(tags: readonly SortedTag[]): string {
  const now = Date.now();
  const rows = tags.map((tag) => {
    const { name, digest = "", size = 0, created, platforms = [] } = tag;
    const short = digest.slice(digest.indexOf(":") + 1).slice(0, SHORT);
    return [
      name,
      short,
      humanSize(size),
      created === undefined ? "" : humanAge(created, now),
      platforms.length > 0 ? platforms.join(" ") : kindOf(tag),
    ];
  });
  return formatTable([["TAG", "DIGEST", "SIZE", "CREATED", "PLATFORMS"], ...rows], { right: [2] });
}

function kindOf({ artifactType, mediaType = "" }: SortedTag): string {
  return artifactType ?? (mediaType === MEDIA_TYPES.ociManifest ? "" : mediaType);
}
