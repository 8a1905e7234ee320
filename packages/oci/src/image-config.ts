import { InvalidManifestError } from "./errors.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "./manifest/json.ts";

/** How an image wants to be run. All of it is up to whoever made the image: members may be missing, and there may be others. */
export interface ContainerConfig extends JsonObject {
  /** Name or number, perhaps with a group: `app:1000`. */
  readonly User?: string;
  /** Ports by `port/protocol`: `8080/tcp`. */
  readonly ExposedPorts?: JsonObject;
  /** `NAME=value`, one each. */
  readonly Env?: readonly string[];
  /** What is run. */
  readonly Entrypoint?: readonly string[];
  /** Arguments of the entrypoint, or what is run where there is none. */
  readonly Cmd?: readonly string[];
  /** Folders for what is written, by path. */
  readonly Volumes?: JsonObject;
  /** Where it is run; absent: at the root. */
  readonly WorkingDir?: string;
  /** Notes by name. */
  readonly Labels?: Readonly<Record<string, string>>;
  /** What ends it, by name or number: `SIGTERM`. */
  readonly StopSignal?: string;
}

/** The layers that an image is made of. */
export interface ImageRootfs extends JsonObject {
  /** `layers`. */
  readonly type?: string;
  /** Digests of the uncompressed layers, the base layer first; as they stand there. */
  readonly diff_ids?: readonly string[];
}

/** One step in which an image was made. */
export interface ImageHistory extends JsonObject {
  /** A time, RFC 3339. */
  readonly created?: string;
  /** The command that was run. */
  readonly created_by?: string;
  /** Whoever made it. */
  readonly author?: string;
  /** What was said about it. */
  readonly comment?: string;
  /** Whether it made no layer; default false. */
  readonly empty_layer?: boolean;
}

/** The config of an image. Members may be missing, and there may be others, which are not checked. @see OCI image-spec, config.md */
export interface ImageConfigFile extends JsonObject {
  /** As Go has it: `amd64`, `arm64`. */
  readonly architecture?: string;
  /** As Go has it: `linux`, `windows`. */
  readonly os?: string;
  /** Of the system that the image needs. */
  readonly "os.version"?: string;
  /** Of the system that the image needs. */
  readonly "os.features"?: readonly string[];
  /** Of the architecture: `v8`. */
  readonly variant?: string;
  /** A time, RFC 3339. */
  readonly created?: string;
  /** Whoever made it. */
  readonly author?: string;
  /** How the image wants to be run. */
  readonly config?: ContainerConfig;
  /** The layers that it is made of. */
  readonly rootfs?: ImageRootfs;
  /** How it was made, the oldest step first. */
  readonly history?: readonly ImageHistory[];
}

/**
 * Reads the config of an image, and checks that its members are of the types that they should be, no more. A member that is null is left
 * out, as those are that tools write so for "nothing".
 *
 * @throws {InvalidManifestError} which names the member that is of another type.
 * @see OCI image-spec, config.md
 */
export function decodeImageConfig(bytes: Uint8Array): ImageConfigFile {
  return configFile(parseJsonObject(bytes), "");
}

/** Gives a value back as what it should be. `place` leads to it: `config.Env`. */
type Reader<T> = (value: unknown, place: string) => T;

const text: Reader<string> = (value, place) => (typeof value === "string" ? value : wrong(place, "a text"));
const flag: Reader<boolean> = (value, place) => (typeof value === "boolean" ? value : wrong(place, "true or false"));
const object: Reader<JsonObject> = (value, place) => (isJsonObject(value) ? value : wrong(place, "an object"));

function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value, place) => (Array.isArray(value) ? value.map((one, index) => item(one, `${place}[${index}]`)) : wrong(place, "an array"));
}

const texts: Reader<Readonly<Record<string, string>>> = (value, place) =>
  Object.fromEntries(Object.entries(object(value, place)).map(([name, one]) => [name, text(one, `${place}.${name}`)]));

/** Reads the members that are named, and lets the others be. */
function members<T extends Readonly<Record<string, unknown>>>(readers: { readonly [Name in keyof T]: Reader<T[Name]> }) {
  return (value: unknown, place: string): JsonObject & Partial<T> => {
    const read = Object.entries(object(value, place)).flatMap(([name, one]) => {
      const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
      if (reader === undefined) return [[name, one]];
      return one === null ? [] : [[name, reader(one, place === "" ? name : `${place}.${name}`)]];
    });
    return Object.fromEntries(read) as JsonObject & Partial<T>; // each member was read by its reader
  };
}

const containerConfig = members({
  User: text,
  ExposedPorts: object,
  Env: list(text),
  Entrypoint: list(text),
  Cmd: list(text),
  Volumes: object,
  WorkingDir: text,
  Labels: texts,
  StopSignal: text,
});

const configFile = members({
  architecture: text,
  os: text,
  "os.version": text,
  "os.features": list(text),
  variant: text,
  created: text,
  author: text,
  config: containerConfig,
  rootfs: members({ type: text, diff_ids: list(text) }),
  history: list(members({ created: text, created_by: text, author: text, comment: text, empty_layer: flag })),
});

function wrong(place: string, expected: string): never {
  throw new InvalidManifestError(`the config's ${place}: expected ${expected}`);
}
