import { BerthError } from "@berth/oci";

/** Parameters of a driver as config files and environment variables give them. */
export type DriverParameters = Readonly<Record<string, unknown>>;

/** A driver parameter is missing or malformed. */
export class InvalidParameterError extends BerthError<"ERR_INVALID_PARAMETER"> {
  /** Name of the parameter. */
  readonly key: string;

  constructor(key: string, reason: string) {
    super("ERR_INVALID_PARAMETER", `Cannot use storage parameter "${key}": ${reason}`);
    this.key = key;
  }
}

/** Reads text; numbers and booleans count as their text. @throws {InvalidParameterError} for other types, or when it is missing and has no default. */
export function stringParameter(parameters: DriverParameters, key: string, fallback?: string): string {
  const value = valueOf(parameters, key);
  if (value === undefined) return required(key, fallback);
  return String(value);
}

/** Bounds and default of {@link integerParameter}. */
export interface IntegerParameterOptions {
  /** Used when the parameter is missing; without it, missing is an error. */
  readonly fallback?: number;
  /** Included; default the least safe integer. */
  readonly min?: number;
  /** Included; default the largest safe integer. */
  readonly max?: number;
}

/** Reads an integer, given as such or as text. @throws {InvalidParameterError} naming the key, what came and the bounds. */
export function integerParameter(parameters: DriverParameters, key: string, options: IntegerParameterOptions = {}): number {
  const { fallback, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
  const value = valueOf(parameters, key);
  if (value === undefined) return required(key, fallback);
  const number = typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number))
    throw new InvalidParameterError(key, `expected an integer, got ${shown(value)}`);
  if (number < min || number > max) throw new InvalidParameterError(key, `expected ${min} to ${max}, got ${number}`);
  return number;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((text): [string, boolean] => [text, true]),
  ...["0", "f", "F", "FALSE", "false", "False"].map((text): [string, boolean] => [text, false]),
]);

/** Reads a switch: a boolean, or one of the texts and numbers that the reference registry takes. @throws {InvalidParameterError} */
export function booleanParameter(parameters: DriverParameters, key: string, fallback?: boolean): boolean {
  const value = valueOf(parameters, key);
  if (value === undefined) return required(key, fallback);
  const parsed = typeof value === "boolean" ? value : BOOLEANS.get(String(value).trim());
  if (parsed === undefined) throw new InvalidParameterError(key, `expected true or false, got ${shown(value)}`);
  return parsed;
}

/** An empty text is what an environment variable without a value, or a key without one in YAML, comes to: as good as missing. */
function valueOf(parameters: DriverParameters, key: string): string | number | boolean | undefined {
  const value = Object.hasOwn(parameters, key) ? parameters[key] : undefined;
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new InvalidParameterError(key, `expected text, a number or true or false, got ${Array.isArray(value) ? "a list" : "a map"}`);
}

function required<T>(key: string, fallback: T | undefined): T {
  if (fallback === undefined) throw new InvalidParameterError(key, "it is required");
  return fallback;
}

/** Only for numbers and switches: texts may be secrets. */
function shown(value: string | number | boolean): string {
  return JSON.stringify(typeof value === "string" ? value.slice(0, 50) : value);
}
