import {
  type Descriptor,
  formatName,
  InvalidReferenceError,
  isDigest,
  isTag,
  isTagged,
  NotFoundError,
  parseNormalizedNamed,
} from "@berth/oci";
import { AmbiguousNameError } from "./errors.ts";

/** The annotation of an entry of `index.json` that names it. @see OCI image-spec, annotations.md */
export const REF_NAME = "org.opencontainers.image.ref.name";

/** The whole reference, as containerd and BuildKit write it beside a bare tag. */
export const CONTAINERD_NAME = "io.containerd.image.name";

/** @see OCI image-spec, annotations.md, "ref" */
const GRAMMAR = /^[A-Za-z0-9]+(?:(?:[-._:@/+]|--)[A-Za-z0-9]+)*$/;

const MAX_LENGTH = 1024;

/**
 * Checks a name to be given: a tag, what the grammar of the annotation allows, or a whole reference: that has names such as `a__b` and hosts
 * such as `[::1]`, which the annotation's grammar forgot.
 *
 * @throws {InvalidReferenceError}
 */
export function checkName(name: string): void {
  if (isDigest(name)) throw new InvalidReferenceError(name, "expected a tag, not a digest");
  if (isTag(name) || (name.length <= MAX_LENGTH && (GRAMMAR.test(name) || parsed(name) !== undefined))) return;
  throw new InvalidReferenceError(name, "invalid tag format");
}

/** An entry of an index, as far as names go. */
export type Named = Pick<Descriptor, "digest" | "annotations">;

/** The names that entries are listed by: each leads to its entry. That of containerd counts where a tag alone does not tell entries apart. */
export function namesOf(entries: readonly Named[]): readonly string[] {
  const owners = Map.groupBy(entries, ({ annotations }) => annotations?.[REF_NAME]);
  return entries.flatMap(({ annotations }) => {
    const name = annotations?.[REF_NAME];
    const qualified = annotations?.[CONTAINERD_NAME];
    if (!name || !qualified) return name || qualified || [];
    return new Set(owners.get(name)?.map(({ digest }) => digest)).size === 1 ? name : qualified;
  });
}

/** True when a name is all that an entry is called, or its whole reference: giving that name to another takes it from this one. */
export function isCalled({ annotations }: Named, name: string): boolean {
  return annotations?.[CONTAINERD_NAME] === name || (annotations?.[REF_NAME] === name && !annotations[CONTAINERD_NAME]);
}

/** True when both have the same names. */
export function isNamesake(a: Named, b: Named): boolean {
  return key(a) === key(b);
}

/** A descriptor without the annotations that name it: names belong to the place, not to the content. */
export function withoutNames(descriptor: Descriptor): Descriptor {
  const { annotations, ...rest } = descriptor;
  const { [REF_NAME]: _name, [CONTAINERD_NAME]: _containerd, ...others } = annotations ?? {};
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others };
}

/**
 * Finds the entry that a name means: the one that is called that and nothing else; else the one that containerd or BuildKit gave that
 * reference; else the only one with that tag. Of entries with all names the same the last counts: tools that only append write it so.
 *
 * @throws {NotFoundError} @throws {AmbiguousNameError}
 */
export function findByName<T extends Named>(entries: readonly T[], name: string): T {
  const steps = [
    (entry: T): boolean => isCalled(entry, name),
    (entry: T): boolean => entry.annotations?.[REF_NAME] === name,
    (entry: T): boolean => isSameReference(entry, name),
    (entry: T): boolean => references(entry).some((reference) => tagOf(reference) === name),
  ];
  for (const step of steps) {
    const found = entries.filter(step);
    const last = found.at(-1);
    if (last === undefined) continue;
    const choices = new Map(found.map((entry) => [key(entry), entry]));
    if (choices.size === 1 || new Set(found.map(({ digest }) => digest)).size === 1) return last;
    throw new AmbiguousNameError(
      name,
      [...choices.values()].map(({ digest, annotations }) => annotations?.[CONTAINERD_NAME] ?? digest),
    );
  }
  throw new NotFoundError("tag", name);
}

/**
 * Finds the entry that is meant when no name is given: the only one, or else the only one with a name.
 *
 * @throws {NotFoundError} when there is none. @throws {AmbiguousNameError} when there are several.
 */
export function findOnly<T extends Named>(entries: readonly T[]): T {
  const digests = (some: readonly T[]): number => new Set(some.map(({ digest }) => digest)).size;
  const named = entries.filter((entry) => references(entry).length > 0);
  const last = digests(entries) === 1 ? entries.at(-1) : named.at(-1);
  if (last !== undefined && (digests(entries) === 1 || digests(named) === 1)) return last;
  if (entries.length === 0) throw new NotFoundError("manifest", "");
  throw new AmbiguousNameError("", named.length > 0 ? namesOf(named).toSorted() : entries.map(({ digest }) => digest));
}

function key(entry: Named): string {
  return references(entry).join(" ");
}

function references({ annotations }: Named): readonly string[] {
  return [annotations?.[REF_NAME], annotations?.[CONTAINERD_NAME]].filter((name) => name !== undefined);
}

/** `alpine:3` is `docker.io/library/alpine:3`, where it is no name of its own. */
function isSameReference(entry: Named, name: string): boolean {
  if (!name.includes(":")) return false;
  const wanted = normalized(name);
  return wanted !== undefined && references(entry).some((reference) => reference.includes(":") && normalized(reference) === wanted);
}

function normalized(reference: string): string | undefined {
  const named = parsed(reference);
  return named !== undefined && isTagged(named) ? `${formatName(named)}:${named.tag}` : undefined;
}

function tagOf(reference: string): string | undefined {
  if (!reference.includes(":")) return undefined;
  const named = parsed(reference);
  return named !== undefined && isTagged(named) ? named.tag : undefined;
}

function parsed(reference: string): ReturnType<typeof parseNormalizedNamed> | undefined {
  try {
    return parseNormalizedNamed(reference);
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined; // a name of another form is a name all the same
    throw error;
  }
}
