import type { Declared, Expression, Node } from "./template-ast.ts";
import { TemplateError } from "./template-error.ts";
import { lexTemplate, type Piece, type Token } from "./template-lexer.ts";

/** Blocks and brackets within each other, at most. */
const MAX_DEPTH = 50;

/**
 * Parses a template of the language of Go's text/template, the part that command lines use: fields, variables, pipelines, `if`, `range`,
 * `with`, `else`, `end`.
 *
 * @param functions names that may be called.
 * @throws {TemplateError}
 */
export function parseTemplate(template: string, functions: ReadonlySet<string>): readonly Node[] {
  const parser = new BlockParser(lexTemplate(template), functions, template.length);
  return parser.whole();
}

type Block = Extract<Node, { kind: "if" | "with" | "range" }>;

class BlockParser {
  readonly #pieces: readonly Piece[];
  readonly #functions: ReadonlySet<string>;
  readonly #length: number;
  #at = 0;

  constructor(pieces: readonly Piece[], functions: ReadonlySet<string>, length: number) {
    this.#pieces = pieces;
    this.#functions = functions;
    this.#length = length;
  }

  whole(): readonly Node[] {
    const { nodes, end } = this.#nodes(0);
    if (end !== undefined) throw new TemplateError("go-template", end.offset, `"${end.tokens[0]?.text}" has nothing to end`);
    return nodes;
  }

  /** Nodes up to an `else` or `end`, which is handed back. */
  #nodes(depth: number): { readonly nodes: readonly Node[]; readonly end: Extract<Piece, { kind: "action" }> | undefined } {
    const nodes: Node[] = [];
    for (let piece = this.#pieces[this.#at]; piece !== undefined; piece = this.#pieces[this.#at]) {
      this.#at++;
      if (piece.kind === "text") {
        nodes.push(piece);
        continue;
      }
      const [first] = piece.tokens;
      if (first?.kind === "word" && (first.text === "end" || first.text === "else")) return { nodes, end: piece };
      nodes.push(this.#action(piece.tokens, piece.offset, depth));
    }
    return { nodes, end: undefined };
  }

  #action(tokens: readonly Token[], offset: number, depth: number): Node {
    const [first, second, third] = tokens;
    if (first?.kind === "word" && (first.text === "if" || first.text === "with" || first.text === "range"))
      return this.#block(first.text, tokens.slice(1), offset, depth);
    if (first?.kind === "variable" && second?.kind === "sign" && (second.text === ":=" || second.text === "=")) {
      const value = this.#pipeline(tokens.slice(2), third?.offset ?? offset);
      return { kind: "set", name: first.text, declares: second.text === ":=", value, offset: first.offset };
    }
    return { kind: "print", value: this.#pipeline(tokens, offset) };
  }

  #block(kind: Block["kind"], tokens: readonly Token[], offset: number, depth: number): Block {
    if (depth >= MAX_DEPTH) throw new TemplateError("go-template", offset, `more than ${MAX_DEPTH} blocks within each other`);
    const { declared, rest } = declaredBy(tokens);
    if (declared.length > (kind === "range" ? 2 : 1)) throw new TemplateError("go-template", offset, `too many variables for "${kind}"`);
    const value = this.#pipeline(rest, offset);
    const body = this.#nodes(depth + 1);
    let otherwise: readonly Node[] = [];
    let end = body.end;
    if (end?.tokens[0]?.text === "else") {
      const [, next] = end.tokens;
      if (next !== undefined) {
        if (next.text !== kind || kind === "range")
          throw new TemplateError("go-template", next.offset, `cannot use "${next.text}" behind "else" here`);
        return {
          kind,
          declared,
          value,
          body: body.nodes,
          otherwise: [this.#block(kind, end.tokens.slice(2), end.offset, depth + 1)],
          offset,
        };
      }
      const after = this.#nodes(depth + 1);
      otherwise = after.nodes;
      end = after.end;
    }
    if (end === undefined) throw new TemplateError("go-template", this.#length, `"${kind}" of column ${offset + 1} has no "end"`);
    if (end.tokens[0]?.text !== "end") throw new TemplateError("go-template", end.offset, 'expected "end"');
    return { kind, declared, value, body: body.nodes, otherwise, offset };
  }

  #pipeline(tokens: readonly Token[], offset: number): Expression {
    return new ExpressionParser(tokens, this.#functions, offset).whole();
  }
}

function declaredBy(tokens: readonly Token[]): { readonly declared: Declared; readonly rest: readonly Token[] } {
  const sign = tokens.findIndex(({ kind, text }) => kind === "sign" && text === ":=");
  if (sign < 0) return { declared: [], rest: tokens };
  const declared: string[] = [];
  for (const [at, token] of tokens.slice(0, sign).entries()) {
    if (at % 2 === 0 ? token.kind !== "variable" : token.text !== ",")
      throw new TemplateError("go-template", token.offset, "expected a variable");
    if (at % 2 === 0) declared.push(token.text);
  }
  return { declared, rest: tokens.slice(sign + 1) };
}

class ExpressionParser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly #offset: number;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>, offset: number) {
    this.#tokens = tokens;
    this.#functions = functions;
    this.#offset = offset;
  }

  whole(): Expression {
    const value = this.#pipeline();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new TemplateError("go-template", rest.offset, `unexpected "${rest.text}"`);
    return value;
  }

  #pipeline(): Expression {
    let value = this.#command(undefined);
    while (this.#take("|")) value = this.#command(value);
    return value;
  }

  /** One command of a pipeline; what the one before it gave is its last argument. */
  #command(piped: Expression | undefined): Expression {
    const first = this.#tokens[this.#at];
    if (first === undefined) throw new TemplateError("go-template", this.#offset, "a value is missing");
    const isCall = first.kind === "word" && !isLiteral(first.text);
    if (isCall) {
      this.#at++;
      const args = this.#operands();
      return this.#call(first, piped === undefined ? args : [...args, piped]);
    }
    const operand = this.#operand(first);
    const [extra] = this.#operands();
    if (extra !== undefined || piped !== undefined)
      throw new TemplateError("go-template", extra?.offset ?? first.offset, "only functions take values");
    return operand;
  }

  #operands(): readonly Expression[] {
    const operands: Expression[] = [];
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === "sign" && (token.text === "|" || token.text === ")")) break;
      operands.push(this.#operand(token));
    }
    return operands;
  }

  #operand(token: Token): Expression {
    this.#at++;
    let value = this.#simple(token);
    for (let next = this.#tokens[this.#at]; next?.kind === "field" && !next.spaced; next = this.#tokens[this.#at]) {
      this.#at++;
      value = { kind: "field", of: value, name: next.text.slice(1), offset: next.offset };
    }
    return value;
  }

  #simple(token: Token): Expression {
    const { kind, text, offset } = token;
    if (kind === "string") return { kind: "literal", value: text, offset };
    if (kind === "number") return { kind: "literal", value: Number(text), offset };
    if (kind === "variable") return { kind: "variable", name: text, offset };
    if (kind === "field") return { kind: "field", of: { kind: "dot", offset }, name: text.slice(1), offset };
    if (kind === "word") return isLiteral(text) ? { kind: "literal", value: literalOf(text), offset } : this.#call(token, []);
    if (text === ".") return { kind: "dot", offset };
    if (text === "(") return this.#bracket(offset);
    throw new TemplateError("go-template", offset, `unexpected "${text}"`);
  }

  #bracket(offset: number): Expression {
    this.#depth++;
    if (this.#depth > MAX_DEPTH) throw new TemplateError("go-template", offset, `more than ${MAX_DEPTH} brackets within each other`);
    const value = this.#pipeline();
    if (!this.#take(")")) throw new TemplateError("go-template", offset, 'this "(" has no ")"');
    this.#depth--;
    return value;
  }

  #call({ text, offset }: Token, args: readonly Expression[]): Expression {
    if (!this.#functions.has(text)) {
      const known = [...this.#functions].toSorted().join(", ");
      throw new TemplateError("go-template", offset, `unknown function "${text}", expected one of ${known}`);
    }
    return { kind: "call", name: text, args, offset };
  }

  #take(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "sign" || token.text !== sign) return false;
    this.#at++;
    return true;
  }
}

function isLiteral(word: string): boolean {
  return word === "true" || word === "false" || word === "nil";
}

function literalOf(word: string): boolean | null {
  return word === "nil" ? null : word === "true";
}
