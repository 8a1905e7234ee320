import { isJsonObject, type JsonObject, type Platform } from "@berth/oci";
import { editEnv, type EnvEdits } from "./env-edits.ts";
import { InvalidImageConfigError, InvalidPackError } from "./errors.ts";
import { type Edit, editMapMember, editMember, type MapEdits, withMember } from "./member-edits.ts";
import { isTimestamp } from "./timestamps.ts";

/** An entry of an image's history that stands for no layer. */
export interface HistoryEntry {
  /** A timestamp. */
  readonly created?: string;
  /** The command that it stands for. */
  readonly createdBy?: string;
  /** Who made it. */
  readonly author?: string;
  /** What else there is to say. */
  readonly comment?: string;
}

/** Changes to the config of an image. What is undefined stays, null takes a member away. */
export interface ConfigEdits extends EnvEdits {
  /** A string sets a label, null takes it away; others stay. */
  readonly labels?: MapEdits;
  /** Setting it takes `cmd` away, unless that is set too: its arguments were meant for the old one. */
  readonly entrypoint?: Edit<readonly string[]>;
  /** Arguments of the entrypoint, or the whole command where there is none. */
  readonly cmd?: Edit<readonly string[]>;
  /** `name`, `uid`, or either with `:group`. */
  readonly user?: Edit<string>;
  /** The folder that the command starts in. */
  readonly workdir?: Edit<string>;
  /** `SIGTERM`, or a number. */
  readonly stopSignal?: Edit<string>;
  /** `8080`, `53/udp` or `7000-7010/tcp`: true exposes, false takes away. */
  readonly ports?: Readonly<Record<string, boolean>>;
  /** Paths: true declares a volume, false takes it away. */
  readonly volumes?: Readonly<Record<string, boolean>>;
  readonly platform?: Platform;
  /** Of the image, not of a step in its history. */
  readonly author?: Edit<string>;
  /** A timestamp. */
  readonly created?: Edit<string>;
  /**
   * Goes to the end of the history when anything else changes, or nothing else was asked for. An image without a history gets none: its
   * layers would miss theirs.
   */
  readonly history?: HistoryEntry;
}

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(?:tcp|udp|sctp))?$/;

/**
 * The config with changes made to it; the same document when nothing changes. Members that nobody named survive.
 *
 * @param changesBeside whether the image changes beside its config; undefined: that was not asked for.
 * @throws {InvalidPackError} for names, ports and times that are none. @throws {InvalidImageConfigError} when it is no image config.
 * @see OCI image-spec, config.md
 */
export function editConfigDocument(document: JsonObject, edits: ConfigEdits, changesBeside?: boolean): JsonObject {
  checkEdits(edits);
  let after = editMember(document, "author", edits.author);
  after = editMember(after, "created", edits.created);
  if (edits.platform !== undefined) after = withPlatform(after, edits.platform);
  const { os } = after;
  const container = objectOf(document["config"], "config");
  const edited = editContainer(container, edits, typeof os === "string" ? os : "");
  if (edited !== container) after = withMember(after, "config", edited);
  const history = historyOf(after);
  const { history: step, ...others } = edits;
  if (step === undefined || history.length === 0) return after;
  const isAlone = changesBeside === undefined && Object.values(others).every((edit) => edit === undefined);
  if (after === document && changesBeside !== true && !isAlone) return after;
  return withMember(after, "history", [...history, historyEntry(step)]);
}

/** The config with the platform of another image. */
export function withPlatform(document: JsonObject, platform: Platform): JsonObject {
  const members = ["architecture", "os", "os.version", "os.features", "variant"] as const;
  return members.reduce((after, name) => withMember(after, name, platform[name]), document);
}

/** The history of an image. @throws {InvalidImageConfigError} */
export function historyOf(document: JsonObject): readonly JsonObject[] {
  const history = document["history"] ?? [];
  if (Array.isArray(history) && history.every(isJsonObject)) return history;
  throw new InvalidImageConfigError("history: expected an array of objects");
}

function editContainer(container: JsonObject, edits: ConfigEdits, os: string): JsonObject {
  const { labels, entrypoint, cmd, user, workdir, stopSignal, ports, volumes } = edits;
  let after = editMapMember(container, "Labels", labels);
  after = editMapMember(after, "ExposedPorts", ports && asSet(ports));
  after = editMapMember(after, "Volumes", volumes && asSet(volumes));
  if (edits.env !== undefined || edits.appendEnv !== undefined) {
    const variables = editEnv(textsOf(container["Env"], "config.Env"), edits, os);
    after = variables.length === 0 && container["Env"] === undefined ? after : withMember(after, "Env", variables);
  }
  after = editMember(after, "Entrypoint", entrypoint);
  after = editMember(after, "Cmd", cmd === undefined && entrypoint ? null : cmd);
  after = editMember(after, "User", user);
  after = editMember(after, "WorkingDir", workdir);
  return editMember(after, "StopSignal", stopSignal);
}

/** Programs of Go write a set as a map to empty objects. */
function asSet(changes: Readonly<Record<string, boolean>>): Readonly<Record<string, JsonObject | null>> {
  return Object.fromEntries(Object.entries(changes).map(([name, isThere]) => [name, isThere ? {} : null]));
}

function historyEntry({ created, createdBy, author, comment }: HistoryEntry): JsonObject {
  return {
    ...(created !== undefined && { created }),
    ...(createdBy !== undefined && { created_by: createdBy }),
    ...(author !== undefined && { author }),
    ...(comment !== undefined && { comment }),
    empty_layer: true,
  };
}

function checkEdits({ labels = {}, ports = {}, volumes = {}, platform, created, history }: ConfigEdits): void {
  if (Object.hasOwn(labels, "")) throw new InvalidPackError("labels", "a label needs a name");
  if (Object.hasOwn(volumes, "")) throw new InvalidPackError("volumes", "a volume needs a path");
  for (const port of Object.keys(ports)) if (!isPort(port)) throw new InvalidPackError("ports", `"${port.slice(0, 300)}" is no port`);
  if (platform !== undefined && (platform.os === "" || platform.architecture === "")) {
    throw new InvalidPackError("platform", "expected an OS and an architecture");
  }
  for (const [part, time] of [
    ["created", created],
    ["history.created", history?.created],
  ] as const) {
    if (typeof time === "string" && !isTimestamp(time))
      throw new InvalidPackError(part, `"${time.slice(0, 300)}" is no date and time of RFC 3339`);
  }
}

function objectOf(value: unknown, path: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw new InvalidImageConfigError(`${path}: expected an object`);
  return value;
}

/** A list of texts; absent and null are empty. @throws {InvalidImageConfigError} */
export function textsOf(value: unknown, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new InvalidImageConfigError(`${path}: expected an array of strings`);
}

function isPort(text: string): boolean {
  const [, first, last = first] = PORT.exec(text) ?? [];
  return Number(first) >= 1 && Number(last) >= Number(first) && Number(last) <= 65_535;
}
