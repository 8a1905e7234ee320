import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import type { Annotations, Descriptor } from "@berth/oci";
import { makeWorkFolder } from "@berth/oci/node";
import type { FileStore, PackPart } from "@berth/transfer";
import { type Command, Option } from "commander";
import { inputBytes } from "../content/input-bytes.ts";
import { inputStream } from "../content/input-stream.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { writeFileOf } from "../output/write-bytes.ts";
import type { Session } from "../session/session.ts";
import { more } from "./transfer-flags.ts";

/** Flags that say what files become. */
export interface PackFlags {
  readonly artifactType?: string;
  /** `--annotation`: each as `name=value`. */
  readonly annotation?: readonly string[];
  /** `--annotation-file`: a JSON file. */
  readonly annotationFile?: string;
  readonly config?: string;
  /** `--image-spec`; default `1.1`. */
  readonly imageSpec?: "1.0" | "1.1";
  /** `--stdin-name`; default `stdin`. */
  readonly stdinName?: string;
  /** `--stdin-type`: a media type; default that of a layer. */
  readonly stdinType?: string;
}

/** Adds them. */
export function addPackFlags(command: Command): Command {
  return command
    .option("--artifact-type <type>", "what the artifact is: application/vnd.acme.report")
    .option("-a, --annotation <name=value>", "an annotation of the manifest; repeatable", more)
    .option("--annotation-file <file>", "annotations as JSON, by file; those of the manifest under $manifest")
    .option("--config <file[:type]>", "a config for the manifest, instead of an empty one")
    .option("--stdin-name <name>", "what standard input is called, where - is one of the files", "stdin")
    .option("--stdin-type <type>", "the media type of standard input")
    .addOption(new Option("--image-spec <version>", "the rules to follow").choices(["1.0", "1.1"]).default("1.1"));
}

/** Bytes of a file with annotations, at most. */
const MAX_ANNOTATIONS = 4_194_304;

/** What files became: a manifest, and everything it names, in the store. */
export interface Packed {
  readonly store: FileStore;
  readonly manifest: Descriptor;
  readonly files: readonly Descriptor[];
}

/**
 * Makes an artifact of files, and does something with it while they are held.
 *
 * @param files each `path`, `path:type`, or `-` for standard input.
 */
export async function withPackedFiles<T>(
  session: Session,
  files: readonly string[],
  flags: PackFlags,
  subject: Descriptor | undefined,
  work: (packed: Packed) => Promise<T>,
): Promise<T> {
  const { attachArtifact, openFileStore, packArtifact, parseEpoch, UNKNOWN_ARTIFACT_TYPE } = await import("@berth/transfer");
  const { SOURCE_DATE_EPOCH } = session.io.env;
  const epoch = SOURCE_DATE_EPOCH ? parseEpoch(SOURCE_DATE_EPOCH) : undefined;
  const call = { signal: session.signal };
  await using folder = await makeWorkFolder("push");
  const temporary = folder.path;
  await using store = await openFileStore(".", { temporaryFolder: temporary, ...(epoch !== undefined && { epoch }) });
  const annotations = await readAnnotations(session, flags);
  const layers: Descriptor[] = [];
  await checkTitles(files, flags);
  for (const text of files) layers.push(await addFile(session, store, text, { annotations, temporary, flags }));
  const config = await configOf(session, flags, annotations, temporary);
  const type = flags.artifactType ?? (config === undefined && flags.imageSpec !== "1.0" ? UNKNOWN_ARTIFACT_TYPE : undefined);
  const options = {
    ...call,
    layers,
    annotations: annotations.manifest,
    ...(type !== undefined && { artifactType: type }),
    ...(config && { config }),
    ...(epoch !== undefined && { epoch }),
  };
  const manifest =
    subject === undefined
      ? await packArtifact(store, { ...options, ...(flags.imageSpec && { imageSpec: flags.imageSpec }) })
      : await attachArtifact(store, subject, options);
  return await work({ store, manifest, files: layers });
}

interface KnownAnnotations {
  readonly manifest: Annotations;
  readonly config: Annotations;
  readonly files: ReadonlyMap<string, Annotations>;
}

async function readAnnotations({ io }: Session, { annotation = [], annotationFile }: PackFlags): Promise<KnownAnnotations> {
  const { parseAnnotations, parseAnnotationsFile } = await import("@berth/transfer");
  const given = parseAnnotations(annotation);
  if (annotationFile === undefined) return { manifest: given, config: {}, files: new Map() };
  const text = Buffer.from(await inputBytes(io, annotationFile, MAX_ANNOTATIONS)).toString("utf8");
  const found = parseAnnotationsFile(text, annotationFile);
  return { ...found, manifest: { ...found.manifest, ...given } };
}

interface AddFileInput {
  readonly annotations: KnownAnnotations;
  readonly temporary: string;
  readonly flags: PackFlags;
}

async function addFile(
  session: Session,
  store: FileStore,
  text: string,
  { annotations, temporary, flags }: AddFileInput,
): Promise<Descriptor> {
  const { parseFileReference } = await import("@berth/transfer");
  const { path, mediaType } = parseFileReference(text);
  const call = { signal: session.signal };
  const own = annotations.files.get(path);
  const options = { ...call, ...(mediaType !== undefined && { mediaType }), ...(own && { annotations: own }) };
  if (path !== "-") {
    const title = titleOf(path);
    return await store.add(await heldFile(session, path, temporary), { ...options, name: title });
  }
  if (session.io.stdin.isTTY === true) throw new CommandFailure(EXIT_CODE.usage, "will not wait for content at a terminal: pipe it in");
  const file = await heldFile(session, path, temporary);
  const { stdinName: name = "stdin", stdinType } = flags;
  return await store.add(file, { ...options, name, ...(stdinType !== undefined && { mediaType: stdinType }) });
}

/**
 * What a file is called where it is pulled: its path below the folder that we are in; of an absolute path its name alone.
 *
 * @throws {CommandFailure} for a path that leads out of this folder: nobody could pull it.
 */
function titleOf(path: string): string {
  if (/(?:^|[\\/])\.\.(?:[\\/]|$)/.test(path)) {
    const reason = "a file keeps its path, and .. leads out of the folder that it is pulled into";
    throw new CommandFailure(EXIT_CODE.usage, `cannot push "${path}": ${reason}: push it from its folder, or by its absolute path`);
  }
  const title = isAbsolute(path) ? basename(path) : path.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "") || path;
  if (title === "." || title === "./")
    throw new CommandFailure(
      EXIT_CODE.usage,
      `cannot push "${path}": it has no name: push it by its absolute path, or from the folder above`,
    );
  return title;
}

/** @throws {CommandFailure} for two files of one title, of which only one could be pulled. */
async function checkTitles(files: readonly string[], { stdinName = "stdin" }: PackFlags): Promise<void> {
  const { parseFileReference } = await import("@berth/transfer");
  const seen = new Map<string, string>();
  for (const text of files) {
    const { path } = parseFileReference(text);
    const title = path === "-" ? stdinName : titleOf(path);
    const before = seen.get(title);
    if (before !== undefined)
      throw new CommandFailure(EXIT_CODE.usage, `"${before}" and "${path}" would both be called "${title}": push one of them`);
    seen.set(title, path);
  }
}

/** A file that can be read as often as needed: the one that was named, or what came out of a pipe. */
async function heldFile(session: Session, path: string, temporary: string): Promise<string> {
  const stream = await inputStream(session, path).catch((error: unknown) => {
    const advice = error instanceof Error && "code" in error && error.code === "ENOENT" ? typeAdvice(path) : undefined;
    throw error instanceof Error && advice !== undefined ? new AdvisedError(error, advice) : error;
  });
  if (stream === undefined) return path;
  const file = join(temporary, randomUUID());
  await writeFileOf(file, stream, { signal: session.signal });
  return file;
}

/** For a path that is not there: what stands behind its colon may be meant for a type, when the rest of it is here. */
function typeAdvice(path: string): string | undefined {
  const [, file = "", type = ""] = /^(.+):([^:]+)$/s.exec(path) ?? [];
  return existsSync(file) ? `"${file}" is here, but a media type needs a slash: ${file}:application/${type}` : undefined;
}

async function configOf(
  session: Session,
  { config }: PackFlags,
  annotations: KnownAnnotations,
  temporary: string,
): Promise<PackPart | undefined> {
  if (config === undefined) return undefined;
  const { parseFileReference, UNKNOWN_CONFIG_TYPE } = await import("@berth/transfer");
  const { fileSource } = await import("@berth/oci/node");
  const { path, mediaType = UNKNOWN_CONFIG_TYPE } = parseFileReference(config);
  const source = await fileSource(await heldFile(session, path, temporary));
  return { source, mediaType, ...(Object.keys(annotations.config).length > 0 && { annotations: annotations.config }) };
}
