import { join, relative } from "node:path";
import ts from "typescript";
import { ROOT, type WorkspacePackage } from "./workspace.ts";

/** Writes down what packages export: one Markdown page each, by absolute path of the file that it belongs in. */
export function apiReports(packages: readonly WorkspacePackage[]): ReadonlyMap<string, string> {
  const entries = packages.map((one) => ({ one, modules: entryPoints(one) })).filter(({ modules }) => modules.length > 0);
  const options: ts.CompilerOptions = { ...rootOptions(), noEmit: true };
  const program = ts.createProgram(
    entries.flatMap(({ modules }) => modules.map(({ file }) => file)),
    options,
  );
  const declarations = new Declarations(options);
  return new Map(entries.map(({ one, modules }) => [join(one.folder, "api.md"), page(one, modules, program, declarations)]));
}

/** A module that consumers can import. */
interface EntryPoint {
  /** As in an import. */
  readonly name: string;
  /** Its source. */
  readonly file: string;
}

function entryPoints({ folder, json }: WorkspacePackage): readonly EntryPoint[] {
  return Object.entries(json.exports ?? {}).flatMap(([key, target]) => {
    const source = typeof target === "object" ? target["berth-source"] : undefined;
    return source === undefined ? [] : [{ name: json.name + key.slice(1), file: join(folder, source) }];
  });
}

function rootOptions(): ts.CompilerOptions {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  return ts.getParsedCommandLineOfConfigFile(join(ROOT, "tsconfig.json"), {}, host)?.options ?? {};
}

function page({ folder, json }: WorkspacePackage, modules: readonly EntryPoint[], program: ts.Program, declarations: Declarations): string {
  const checker = program.getTypeChecker();
  const parts = modules.map(({ name, file }) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
    const texts = symbols
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((symbol) => {
        const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
        return describe(symbol.name, target, folder, declarations);
      });
    return `## ${name}\n\n\`\`\`ts\n${texts.join("\n\n")}\n\`\`\`\n`;
  });
  return `# What ${json.name} exports\n\nMade from the declarations by \`npm run api\`; do not edit. A change of this page is a change that users see.\n\n${parts.join("\n")}`;
}

/** The declarations of one export; one of another package is named only. */
function describe(name: string, target: ts.Symbol, folder: string, declarations: Declarations): string {
  const nodes = target.declarations ?? [];
  const foreign = nodes.find((node) => !node.getSourceFile().fileName.startsWith(`${folder}/`));
  if (foreign !== undefined) return `export { ${name} } // of ${packageOf(foreign.getSourceFile().fileName)}`;
  const files = new Set(nodes.map((node) => node.getSourceFile()));
  const texts = [...files].flatMap((file) => declarations.of(file, target.name));
  if (texts.length === 0)
    throw new Error(`No declaration of "${name}" in ${[...files].map(({ fileName }) => relative(ROOT, fileName)).join(", ")}`);
  return texts.join("\n");
}

function packageOf(fileName: string): string {
  const path = relative(ROOT, fileName).split("/");
  return path[0] === "packages" ? `@berth/${path[1]}` : path.slice(-2).join("/");
}

/** What `tsc` writes into `.d.ts` files, without comments, by file and name. No build is needed: every export says its type. */
class Declarations {
  readonly #options: ts.CompilerOptions;
  readonly #files: Map<string, ReadonlyMap<string, readonly string[]>> = new Map();
  readonly #printer: ts.Printer = ts.createPrinter({ removeComments: true });

  constructor(options: ts.CompilerOptions) {
    this.#options = { ...options, noEmit: false, isolatedDeclarations: true, declarationMap: false, removeComments: true };
  }

  of(file: ts.SourceFile, name: string): readonly string[] {
    let known = this.#files.get(file.fileName);
    if (known === undefined) {
      known = this.#read(file);
      this.#files.set(file.fileName, known);
    }
    return known.get(name) ?? [];
  }

  #read({ fileName, text }: ts.SourceFile): ReadonlyMap<string, readonly string[]> {
    const { outputText } = ts.transpileDeclaration(text, { fileName, compilerOptions: this.#options });
    const output = ts.createSourceFile(`${fileName}.d.ts`, outputText, ts.ScriptTarget.Latest, true);
    const found = new Map<string, string[]>();
    for (const statement of output.statements) {
      const printed = this.#printer.printNode(ts.EmitHint.Unspecified, statement, output).replace(/^export declare /, "export ");
      for (const name of namesOf(statement)) found.set(name, [...(found.get(name) ?? []), printed]);
    }
    return found;
  }
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText());
  if (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  ) {
    return statement.name === undefined ? [] : [statement.name.text];
  }
  return [];
}
