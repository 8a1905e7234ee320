/**
 * `node tools/sum-results.ts FOLDER STEPS` adds up the JSON reports of vitest in FOLDER, names every failed test and
 * prints the closing line of a CI run. STEPS is how many steps failed, for those that failed without a failing test.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const [folder = ".", steps = "0"] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of readdirSync(folder).sort()) {
  const report: Report = JSON.parse(readFileSync(join(folder, name), "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  for (const file of report.testResults) {
    const failures = file.assertionResults.filter((one) => one.status === "failed");
    for (const one of failures) console.log(`Failed: ${file.name}: ${one.fullName}`);
    if (file.status === "failed" && failures.length === 0) {
      total.failed += 1; // the file could not be loaded, or a hook failed
      console.log(`Failed: ${file.name}: ${file.message.split("\n")[0]}`);
    }
  }
}
total.failed = Math.max(total.failed, Number(steps));
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
