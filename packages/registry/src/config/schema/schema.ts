/** What every described key has beside its kind. */
export interface Described {
  /** What it does, in one or two sentences; the reference page of the configuration is made of these. */
  readonly doc: string;
  /** True for a key that distribution does not know. */
  readonly ours?: boolean;
  /** The part of a `REGISTRY_*` name that means this key as well, where distribution's differs from the key. */
  readonly variableName?: string;
  /** The value is never shown. */
  readonly secret?: boolean;
  /** What is said when the key is present although it does nothing here. */
  readonly effect?: KeyEffect;
}

/** `unused`: not needed here, an info line. `later`: not built yet, a warning. `refused`: ignoring it would do harm, an error. */
export interface KeyEffect {
  readonly kind: "unused" | "later" | "refused";
  /** Completes "has no effect: ..." or "cannot be honoured: ...". */
  readonly note: string;
}

/** Text. A number or boolean in the file is taken as it is written. */
export interface StringSchema extends Described {
  readonly kind: "string";
  /** Counts when the key is missing. */
  readonly default?: string;
  /** Whether the key must be there, where the section around it is; default false. */
  readonly required?: boolean;
  /** The complaint about a value, if there is one: completes "expected ...". */
  readonly check?: (text: string) => string | undefined;
}

/** True or false, or YAML's yes, no, on and off. */
export interface BooleanSchema extends Described {
  readonly kind: "boolean";
  /** Counts when the key is missing. */
  readonly default?: boolean;
}

/** A whole number. */
export interface IntegerSchema extends Described {
  readonly kind: "integer";
  /** Counts when the key is missing. */
  readonly default?: number;
  /** Included; default no bound. */
  readonly min?: number;
  /** Included; default no bound. */
  readonly max?: number;
}

/** A length of time in Go's form, `1h30m`; a bare integer counts nanoseconds. Read as milliseconds. */
export interface DurationSchema extends Described {
  readonly kind: "duration";
  /** Counts when the key is missing; written as in a file. */
  readonly default?: string;
  /** Milliseconds. */
  readonly min?: number;
}

/** A number of bytes, `4194304` or `4MiB`. */
export interface SizeSchema extends Described {
  readonly kind: "size";
  /** Counts when the key is missing; written as in a file. */
  readonly default?: string;
  /** Bytes. */
  readonly min?: number;
}

/** One of a closed set of words, in any case. */
export interface ChoiceSchema extends Described {
  readonly kind: "choice";
  /** All words that there are. */
  readonly values: readonly string[];
  /** Counts when the key is missing. */
  readonly default?: string;
}

/** A sequence. */
export interface ListSchema extends Described {
  readonly kind: "list";
  readonly item: ConfigSchema;
}

/** A mapping whose keys are the author's own. */
export interface MapSchema extends Described {
  readonly kind: "map";
  readonly value: ConfigSchema;
}

/** A mapping of known keys. */
export interface SectionSchema extends Described {
  readonly kind: "section";
  readonly keys: Readonly<Record<string, ConfigSchema>>;
  /** Takes a bare word for a mapping with that one key: `storage: inmemory`. */
  readonly bareWord?: boolean;
  /** Keys that are not listed are judged elsewhere, and a variable may make them. */
  readonly open?: boolean;
}

/** Anything. */
export interface AnySchema extends Described {
  readonly kind: "any";
}

/** The description of a value in the file: enough to check it, to override it and to document it. */
export type ConfigSchema =
  | StringSchema
  | BooleanSchema
  | IntegerSchema
  | DurationSchema
  | SizeSchema
  | ChoiceSchema
  | ListSchema
  | MapSchema
  | SectionSchema
  | AnySchema;
