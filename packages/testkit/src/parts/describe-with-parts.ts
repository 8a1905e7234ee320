import { describe, test } from "vitest";
import { findPart, MissingPartError, type PartName } from "./part.ts";

/** Something that a group of tests needs and this machine may lack. */
export interface Missing {
  /** For titles. */
  readonly name: string;
  /** Says what to do about it. */
  readonly error: Error;
}

/**
 * A group of tests that needs real parts. When one is missing the group fails where `CI` is set, and elsewhere is
 * skipped with the missing names in its title and one line on the console: never passed over in silence.
 */
export function describeWithParts(title: string, needs: readonly PartName[], body: () => void): void {
  const missing = needs.filter((name) => findPart(name) === undefined);
  describeUnlessMissing(title, missing.length === 0 ? undefined : { name: missing.join(", "), error: new MissingPartError(missing) }, body);
}

/** As {@link describeWithParts}, for whatever else may be missing; undefined when nothing is. */
export function describeUnlessMissing(title: string, missing: Missing | undefined, body: () => void): void {
  if (missing === undefined) {
    describe(title, body);
    return;
  }
  const { name, error } = missing;
  if (process.env["CI"]) {
    describe(title, () => {
      test(`needs ${name}`, () => {
        throw error;
      });
    });
    return;
  }
  console.warn(`Skipped "${title}": ${error.message}`);
  describe.skipIf(true)(`${title} (skipped, missing: ${name})`, body);
}
