/** Type-checks and runs each "```ts run" fence of the Markdown pages, from sources, in a process of its own. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import ts from "typescript";
import { type Example, findExamples } from "./examples.ts";
import { files, ROOT, report, run } from "./workspace.ts";

const MAX_MS = 60_000;

/** Messages of the compiler, with lines of the page. The example is a file that exists in memory only, at the place of its page. */
function typeProblems(examples: readonly Example[]): readonly string[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(ROOT, "tsconfig.json"),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const options: ts.CompilerOptions = { ...config?.options, noEmit: true, isolatedDeclarations: false, declaration: false };
  const sources = new Map(examples.map((example) => [exampleFile(example), example]));
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.getSourceFile = (name, version, ...rest) => {
    const code = sources.get(name)?.code;
    return code === undefined ? getSourceFile(name, version, ...rest) : ts.createSourceFile(name, code, version, true);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources].flatMap(([name, example]) => {
    const file = program.getSourceFile(name);
    const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return diagnostics.map((diagnostic) => {
      const line = file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0;
      return `${example.file}:${example.line + line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`;
    });
  });
}

function exampleFile(example: Example): string {
  return join(ROOT, dirname(example.file), `example-${example.line}.ts`);
}

async function runProblem(example: Example): Promise<string | undefined> {
  const args = ["--conditions=berth-source", "--input-type=module-typescript", "-"];
  const { code, output } = await run("node", args, { cwd: join(ROOT, dirname(example.file)), input: example.code, timeoutMs: MAX_MS });
  return code === 0 ? undefined : `${example.file}:${example.line}: ended with code ${code}\n${output}`;
}

const examples: Example[] = [];
for (const file of await files(["*.md", "packages/*/*.md", "docs/**/*.md"])) {
  examples.push(...findExamples(file, await readFile(join(ROOT, file), "utf8")));
}
const problems = [...typeProblems(examples)];
for (const example of examples) {
  const problem = await runProblem(example);
  if (problem !== undefined) problems.push(problem);
}
report(problems, `${examples.length} examples type-check and run`);
