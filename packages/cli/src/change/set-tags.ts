import { type CallOptions, type Descriptor, isDigest, type Resolver, type Tagger } from "@berth/oci";
import type { CopiedTag } from "@berth/transfer";
import { isMissing } from "../errors/is-missing.ts";

/**
 * Points tags at something new. One that names it already is left as it is.
 *
 * @param names digests among them are checked.
 * @throws {InvalidReferenceError} for a digest that it does not have: no tag was moved.
 */
export async function setTags(
  target: Resolver & Tagger,
  made: Descriptor,
  names: readonly string[],
  call: CallOptions,
): Promise<readonly CopiedTag[]> {
  const { checkDigests } = await import("@berth/transfer");
  checkDigests(names, made);
  const done: CopiedTag[] = [];
  for (const tag of new Set(names)) {
    if (isDigest(tag)) continue;
    const isThere = (await digestOf(target, tag, call)) === made.digest;
    if (!isThere) await target.tag(made, tag, call);
    done.push({ tag, digest: made.digest, size: made.size, outcome: isThere ? "unchanged" : "tagged" });
  }
  return done;
}

async function digestOf(target: Resolver, tag: string, call: CallOptions): Promise<string | undefined> {
  try {
    return (await target.resolve(tag, call)).digest;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
