import { ANSWER_MISBEHAVIOURS } from "./answers.ts";
import { CHALLENGE_MISBEHAVIOURS } from "./challenges.ts";
import { CONTENT_MISBEHAVIOURS } from "./content.ts";
import { LIST_MISBEHAVIOURS } from "./lists.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import { REDIRECT_MISBEHAVIOURS } from "./redirects.ts";
import { UPLOAD_MISBEHAVIOURS } from "./uploads.ts";

export type { Ask, Misbehaviour } from "./misbehaviour.ts";
export { CONTENT, OTHER_DIGEST, PATHS } from "./misbehaviour.ts";

/** Every way to misbehave; a client should end each with an error. */
export const MISBEHAVIOURS: readonly Misbehaviour[] = [
  ...CONTENT_MISBEHAVIOURS,
  ...REDIRECT_MISBEHAVIOURS,
  ...CHALLENGE_MISBEHAVIOURS,
  ...LIST_MISBEHAVIOURS,
  ...ANSWER_MISBEHAVIOURS,
  ...UPLOAD_MISBEHAVIOURS,
];
