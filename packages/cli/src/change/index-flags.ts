import type { Descriptor } from "@berth/oci";
import type { IndexChanges } from "@berth/transfer";
import type { Location } from "@berth/transfer/location";
import type { Command } from "commander";
import type { Session } from "../session/session.ts";
import { more } from "../transfer/transfer-flags.ts";
import { addClearable, clearable, mapEdits, morePairs, type Pairs } from "./edit-flags.ts";
import { resolveNamed } from "./index-entries.ts";

/** Flags that change what an index says of itself. */
export interface IndexFlags {
  /** `--annotation`: annotations to set, by name. */
  readonly annotation?: Pairs;
  /** `--rm-annotation`: names of annotations to take away. */
  readonly rmAnnotation?: readonly string[];
  readonly subject?: string | false;
  readonly artifactType?: string | false;
}

/** Adds them. */
export function addIndexFlags(command: Command): Command {
  command
    .option("--annotation <name=value>", "annotate the index; repeatable", morePairs)
    .option("--rm-annotation <name>", "take an annotation away; repeatable", more);
  addClearable(command, "--subject <reference>", "what the index refers to, so that it is found from there");
  return addClearable(command, "--artifact-type <type>", "say what the index holds");
}

/** What they change. @throws {NotFoundError} for a subject that is not there. */
export async function indexEdits(
  session: Session,
  index: Location,
  flags: IndexFlags,
): Promise<Pick<IndexChanges, "annotations" | "artifactType" | "subject">> {
  const annotations = mapEdits(flags.annotation, flags.rmAnnotation);
  const artifactType = clearable(flags.artifactType);
  const subject = await subjectOf(session, index, flags.subject);
  return {
    ...(annotations && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
    ...(subject !== undefined && { subject }),
  };
}

/** True when a flag says something. */
export function changesIndex({ annotation, rmAnnotation, subject, artifactType }: IndexFlags): boolean {
  return [annotation, rmAnnotation, subject, artifactType].some((flag) => flag !== undefined);
}

async function subjectOf(session: Session, index: Location, subject: string | false | undefined): Promise<Descriptor | null | undefined> {
  return typeof subject === "string" ? await resolveNamed(session, index, subject) : clearable<Descriptor>(subject);
}
