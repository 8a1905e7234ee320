import type { CallOptions, Descriptor, Resolver, Tagger } from "@berth/oci";
import type { CopiedTag } from "@berth/transfer";
import { isMissing } from "../errors/is-missing.ts";

/** Points tags at something new. One that names it already is left as it is. */
export async function setTags(
  target: Resolver & Tagger,
  made: Descriptor,
  tags: readonly string[],
  call: CallOptions,
): Promise<readonly CopiedTag[]> {
  const done: CopiedTag[] = [];
  for (const tag of new Set(tags)) {
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
