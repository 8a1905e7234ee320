import { describe, test } from "vitest";
import { findPart, MissingPartError, type PartName } from "./part.ts";

/**
 * A group of tests that needs real parts. When one is missing the group fails where `CI` is set, and elsewhere is
 * skipped with the missing names in its title and one line on the console: never passed over in silence.
 */
export function describeWithParts(title: string, needs: readonly PartName[], body: () => void): void {
  const missing = needs.filter((name) => findPart(name) === undefined);
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  if (process.env["CI"]) {
    describe(title, () => {
      test(`needs ${missing.join(", ")}`, () => {
        throw new MissingPartError(missing);
      });
    });
    return;
  }
  console.warn(`Skipped "${title}": ${new MissingPartError(missing).message}`);
  describe.skipIf(true)(`${title} (skipped, missing: ${missing.join(", ")})`, body);
}
