/**
 * Runs every check that needs nothing but Node: what CI runs before the real parts. `npm run check`, or some steps by
 * name: `npm run check lint docs`.
 */
import { run } from "./workspace.ts";

interface Step {
  readonly name: string;
  readonly what: string;
  readonly command: readonly [string, ...string[]];
}

const STEPS: readonly Step[] = [
  { name: "types", what: "the whole tree type-checks from sources", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "lint", what: "oxlint with type information", command: ["oxlint", "--deny-warnings"] },
  { name: "format", what: "Biome would change nothing (npm run format)", command: ["biome", "format"] },
  {
    name: "boundaries",
    what: "imports follow the arrows",
    command: ["depcruise", "--config", ".dependency-cruiser.mjs", "packages", "tools", "tests"],
  },
  { name: "unused", what: "no unused file, export or dependency", command: ["knip", "--no-config-hints"] },
  { name: "docs", what: "every export is documented", command: ["node", "tools/check-docs.ts"] },
  {
    name: "reference",
    what: "generated pages are up to date (npm run reference)",
    command: ["node", "--conditions=berth-source", "tools/gen-reference.ts", "--check"],
  },
  { name: "api", what: "exports are those of the api.md pages (npm run api)", command: ["node", "tools/gen-api.ts", "--check"] },
  { name: "sizes", what: "no file over 500 lines", command: ["node", "tools/check-file-size.ts"] },
  { name: "dependencies", what: "every dependency has its reason", command: ["node", "tools/check-dependencies.ts"] },
  { name: "parity", what: "tables of names name what is exported, and tests that there are", command: ["node", "tools/check-parity.ts"] },
  { name: "links", what: "links between Markdown pages lead somewhere", command: ["node", "tools/check-links.ts"] },
  { name: "examples", what: "examples of the Markdown pages run", command: ["node", "tools/check-examples.ts"] },
  { name: "build", what: "packages build", command: ["tsc", "-b", "tsconfig.build.json"] },
  { name: "libraries", what: "the libraries bundle", command: ["node", "tools/bundle-libraries.ts"] },
  { name: "bundle", what: "the command bundles", command: ["node", "tools/bundle-cli.ts"] },
  { name: "packages", what: "packed tarballs install, type-check and import", command: ["node", "tools/check-packages.ts"] },
  { name: "tools", what: "the checks find what they must find", command: ["vitest", "run", "--project", "tools"] },
  { name: "test", what: "unit tests", command: ["vitest", "run", "--project", "unit"] },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`No step "${unknown.join('", "')}": there are ${STEPS.map((step) => step.name).join(", ")}`);
  process.exit(2);
}

/** Lines of a failed step that are shown: tools tell what failed at their end. */
const SHOWN = 200;

function lastLines(output: string): string {
  const lines = output.split("\n");
  return lines.length <= SHOWN ? output : [`(${lines.length - SHOWN} lines before)`, ...lines.slice(-SHOWN)].join("\n");
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const failures: { readonly step: Step; readonly output: string }[] = [];
const began = performance.now();
for (const step of STEPS) {
  if (wanted.length > 0 && !wanted.includes(step.name)) continue;
  const started = performance.now();
  const [command, ...args] = step.command;
  const { code, output } = await run(command, args);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${step.name.padEnd(13)} ${seconds(started).padStart(7)}  ${step.what}`);
  if (code !== 0) failures.push({ step, output });
}

for (const { step, output } of failures) console.log(`\n--- ${step.name}: ${step.command.join(" ")}\n${lastLines(output.trimEnd())}`);
const names = failures.map(({ step }) => step.name).join(", ");
console.log(
  failures.length === 0 ? `\nAll checks passed in ${seconds(began)}` : `\n${failures.length} failed in ${seconds(began)}: ${names}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
