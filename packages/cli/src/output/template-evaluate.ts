import type { Expression, Node } from "./template-ast.ts";
import { TemplateError } from "./template-error.ts";
import { isTrue, memberOf, membersOf, printed, TEMPLATE_FUNCTIONS, type TemplateWorld } from "./template-functions.ts";
import { parseTemplate } from "./template-parser.ts";

/** Characters of output, at most. */
const MAX_OUTPUT = 67_108_864;
/** Nodes that are gone through, at most: loops within loops grow fast. */
const MAX_STEPS = 1_000_000;

/** A template, ready to be filled. @throws {TemplateError} from the fill, on what cannot be done with the data. */
export type Template = (data: unknown, world?: TemplateWorld) => string;

/** Reads a template. @throws {TemplateError} */
export function compileTemplate(template: string): Template {
  const nodes = parseTemplate(template, new Set(TEMPLATE_FUNCTIONS.keys()));
  return (data, world = {}) => {
    const run = new Run(data, world);
    run.all(nodes, data);
    return run.output();
  };
}

class Run {
  readonly #world: TemplateWorld;
  readonly #parts: string[] = [];
  /** One map a block. */
  readonly #scopes: Map<string, unknown>[];
  #length = 0;
  #steps = 0;

  constructor(data: unknown, world: TemplateWorld) {
    this.#world = world;
    this.#scopes = [new Map([["$", data]])];
  }

  output(): string {
    return this.#parts.join("");
  }

  all(nodes: readonly Node[], dot: unknown): void {
    for (const node of nodes) {
      this.#step();
      this.#one(node, dot);
    }
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new TemplateError("go-template", 0, `more than ${MAX_STEPS} steps`);
  }

  #one(node: Node, dot: unknown): void {
    switch (node.kind) {
      case "text":
        return this.#write(node.text);
      case "print":
        return this.#write(printed(this.#value(node.value, dot)));
      case "set": {
        const value = this.#value(node.value, dot);
        const scope = node.declares ? this.#scopes.at(-1) : this.#scopes.findLast((one) => one.has(node.name));
        if (scope === undefined) throw new TemplateError("go-template", node.offset, `variable "${node.name}" was not declared`);
        scope.set(node.name, value);
        return;
      }
      case "range":
        return this.#range(node, dot);
      case "if":
      case "with": {
        const value = this.#value(node.value, dot);
        const [name] = node.declared;
        const inner = node.kind === "with" && isTrue(value) ? value : dot;
        return this.#within(name === undefined ? [] : [[name, value]], () => this.all(isTrue(value) ? node.body : node.otherwise, inner));
      }
    }
  }

  #range(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: unknown): void {
    const value = this.#value(node.value, dot);
    const items: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
      ? value.map((one: unknown, at) => [at, one])
      : membersOf(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (items.length === 0 && isTrue(value))
      throw new TemplateError("go-template", node.offset, "cannot range over this, expected a list or an object");
    if (items.length === 0) this.#within([], () => this.all(node.otherwise, dot));
    const [first, second] = node.declared;
    for (const [key, item] of items) {
      this.#step();
      const variables: [string, unknown][] = [];
      if (first !== undefined) variables.push([first, second === undefined ? item : key]);
      if (second !== undefined) variables.push([second, item]);
      this.#within(variables, () => this.all(node.body, item));
    }
  }

  #within(variables: readonly (readonly [string, unknown])[], work: () => void): void {
    this.#scopes.push(new Map(variables));
    work();
    this.#scopes.pop();
  }

  #value(expression: Expression, dot: unknown): unknown {
    switch (expression.kind) {
      case "literal":
        return expression.value;
      case "dot":
        return dot;
      case "variable": {
        const scope = this.#scopes.findLast((one) => one.has(expression.name));
        if (scope === undefined) throw new TemplateError("go-template", expression.offset, `unknown variable "${expression.name}"`);
        return scope.get(expression.name);
      }
      case "field":
        return memberOf(this.#value(expression.of, dot), expression.name);
      case "call":
        return this.#call(expression, dot);
    }
  }

  #call({ name, args, offset }: Extract<Expression, { kind: "call" }>, dot: unknown): unknown {
    const values = args.map((arg) => this.#value(arg, dot));
    try {
      return TEMPLATE_FUNCTIONS.get(name)?.(values, this.#world);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new TemplateError("go-template", offset, `${name}: ${error.message}`);
    }
  }

  #write(text: string): void {
    this.#length += text.length;
    if (this.#length > MAX_OUTPUT) throw new TemplateError("go-template", 0, "the output is too long");
    this.#parts.push(text);
  }
}
