/** Something that has a value. */
export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null; readonly offset: number }
  | { readonly kind: "dot"; readonly offset: number }
  | { readonly kind: "variable"; readonly name: string; readonly offset: number }
  | { readonly kind: "field"; readonly of: Expression; readonly name: string; readonly offset: number }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly offset: number };

/** `$i, $one :=` before a pipeline; empty: none. */
export type Declared = readonly string[];

/** A piece of a parsed template. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: Expression }
  | { readonly kind: "set"; readonly name: string; readonly declares: boolean; readonly value: Expression; readonly offset: number }
  | {
      readonly kind: "if" | "with" | "range";
      readonly declared: Declared;
      readonly value: Expression;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly offset: number;
    };
