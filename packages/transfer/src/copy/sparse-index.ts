import { isNotFound } from "@berth/client";
import { BerthError, type Descriptor, formatPlatform } from "@berth/oci";
import { holderOf } from "./abilities.ts";
import { ATTACHED_TO } from "./children.ts";
import { CopyError } from "./errors.ts";
import { isWhole } from "./is-whole.ts";
import type { CopyOperation } from "./operation.ts";

/** Images that a message names, at most. */
const MAX_NAMED = 20;
/** Children of an index that are looked for, at most. */
const MAX_SOUGHT = 100;

/**
 * The source has an index, and not all that stands in it, as layouts of docker and buildx do that hold the images of some platforms only.
 * `cause` says what was missed first.
 */
export class SparseIndexError extends BerthError<"ERR_SPARSE_INDEX"> {
  readonly index: Descriptor;
  /** Images that are there, whole as far as that can be told at no great cost: of a registry, its manifests alone are asked for. */
  readonly present: readonly Descriptor[];
  /** What is not. What is attached to an image that is missing, such as an attestation, is not listed. */
  readonly missing: readonly Descriptor[];

  constructor(index: Descriptor, present: readonly Descriptor[], missing: readonly Descriptor[], cause: unknown) {
    const has = present.length === 0 ? "has no image of it, and lacks" : `has ${namesOf(present)} of it, and lacks`;
    super("ERR_SPARSE_INDEX", `Cannot copy index "${index.digest}": the source ${has} ${namesOf(missing)}`, { cause });
    this.index = index;
    this.present = present;
    this.missing = missing;
  }
}

function namesOf(children: readonly Descriptor[]): string {
  const names = children.slice(0, MAX_NAMED).map(({ digest, platform }) => (isPlatform(platform) ? formatPlatform(platform) : digest));
  return [...new Set(names), ...(children.length > MAX_NAMED ? ["others"] : [])].join(", ");
}

function isPlatform(platform: Descriptor["platform"]): platform is NonNullable<Descriptor["platform"]> {
  return platform !== undefined && platform.os !== "unknown";
}

/** What a copy of an index failed with: where the source lacks a child, an error that names all that is there and all that is not. */
export async function orSparse(
  operation: CopyOperation,
  index: Descriptor,
  children: readonly Descriptor[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof CopyError) || error.origin !== "source" || !isNotFound(error.cause)) return error;
  const isOfChild = children.some(({ digest }) => digest === error.descriptor?.digest);
  const { source, options, signal } = operation;
  if (!isOfChild || holderOf(source) === undefined) return error;
  try {
    const sought = children.slice(0, MAX_SOUGHT);
    const found = await Promise.all(sought.map(async (child) => await isWhole(source, child, { ...options, signal, external: false })));
    const here = new Set<string>(sought.filter((_, at) => found[at]).map(({ digest }) => digest));
    const isWanted = (child: Descriptor): boolean => subjectOf(child) === undefined || here.has(subjectOf(child) ?? "");
    const present = sought.filter((child) => here.has(child.digest) && subjectOf(child) === undefined);
    const missing = sought.filter((child) => !here.has(child.digest) && isWanted(child));
    return missing.length === 0 ? error : new SparseIndexError(index, present, missing, error);
  } catch {
    return error; // what it failed with says enough
  }
}

function subjectOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[ATTACHED_TO];
}
