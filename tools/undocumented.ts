import ts from "typescript";

/** Finds the exports of a source text that have no TSDoc, as `line: name`. Re-exports are documented where they are declared. */
export function undocumented(fileName: string, text: string): readonly string[] {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const overloads = new Set<string>();
  for (const statement of source.statements) {
    if (!isExported(statement)) continue;
    const documented = ts.getJSDocCommentsAndTags(statement).length > 0;
    for (const name of declaredNames(statement)) {
      if (documented) overloads.add(name);
      else if (!overloads.has(name)) found.push(`${source.getLineAndCharacterOfPosition(statement.getStart()).line + 1}: ${name}`);
    }
  }
  return found;
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  return ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map((declaration) => declaration.name.getText());
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return [statement.name?.text ?? "default"];
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return [statement.name.text];
  return [];
}
