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

/** Names that say all, as the specifications and every call have them. A number and a function say more than a name can. */
const PLAIN =
  /^(?:annotations|artifactType|config|descriptor|digest|mediaType|platform|repository|subject|tag|title|message|method|password|path|signal|username)$/;

/**
 * Finds the members of exported types that leave a question open and have no TSDoc, as `line: Type.member`. A number has a unit, an
 * optional member means something when it is left out, a function has a moment and a failure, and a string a grammar, unless its name
 * says all. Of other members the type says enough; what implements or overrides is said where it is declared, and what the comment of
 * the whole type names, in backticks, is said there.
 */
export function undocumentedMembers(fileName: string, text: string): readonly string[] {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  for (const statement of source.statements) {
    if (!isExported(statement)) continue;
    const [type] = declaredNames(statement);
    const said = ts
      .getJSDocCommentsAndTags(statement)
      .map((comment) => comment.getText())
      .join("\n");
    const overloads = new Set<string>();
    for (const member of membersOf(statement)) {
      const name = member.name?.getText() ?? "";
      if (!leavesQuestions(member, name) || overloads.has(name) || said.includes(`\`${name}\``)) continue;
      if (ts.getJSDocCommentsAndTags(member).length > 0) overloads.add(name);
      else found.push(`${source.getLineAndCharacterOfPosition(member.getStart()).line + 1}: ${type}.${name}`);
    }
  }
  return found;
}

type Member = ts.TypeElement | ts.ClassElement;

function membersOf(statement: ts.Statement): readonly Member[] {
  if (ts.isInterfaceDeclaration(statement)) return statement.members;
  if (ts.isTypeAliasDeclaration(statement) && ts.isTypeLiteralNode(statement.type)) return statement.type.members;
  if (!ts.isClassDeclaration(statement)) return [];
  const implementing = statement.heritageClauses?.some(({ token }) => token === ts.SyntaxKind.ImplementsKeyword) ?? false;
  return implementing ? [] : statement.members;
}

function leavesQuestions(member: Member, name: string): boolean {
  const hidden = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword, ts.SyntaxKind.OverrideKeyword];
  if (ts.canHaveModifiers(member) && ts.getModifiers(member)?.some(({ kind }) => hidden.includes(kind))) return false;
  // Computed names, as of Symbol.asyncDispose, mean what the language says.
  if (!member.name || ts.isPrivateIdentifier(member.name) || ts.isComputedPropertyName(member.name)) return false;
  if (ts.isMethodSignature(member) || ts.isMethodDeclaration(member)) return true;
  if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member) && !ts.isGetAccessor(member)) return false;
  const { type } = member;
  if (!type || type.kind === ts.SyntaxKind.UndefinedKeyword) return false;
  if (ts.isFunctionTypeNode(type) || has(type, [ts.SyntaxKind.NumberKeyword, ts.SyntaxKind.BigIntKeyword])) return true;
  const optional = !ts.isGetAccessor(member) && member.questionToken !== undefined;
  return (optional || has(type, [ts.SyntaxKind.StringKeyword])) && !PLAIN.test(name);
}

/** Whether a type is one of these keywords, by itself, in a union, or in an array. */
function has(type: ts.TypeNode, keywords: readonly ts.SyntaxKind[]): boolean {
  if (ts.isUnionTypeNode(type)) return type.types.some((one) => has(one, keywords));
  if (ts.isTypeOperatorNode(type)) return has(type.type, keywords);
  if (ts.isArrayTypeNode(type)) return has(type.elementType, keywords);
  return keywords.includes(type.kind);
}
