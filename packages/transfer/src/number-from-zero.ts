/**
 * The number that an option holds, or `fallback` where it is left out. `Infinity` is one.
 *
 * @throws {RangeError} on a negative one, and on what is none; it names the option.
 */
export function numberFromZero(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (value >= 0) return value;
  throw new RangeError(`Cannot use ${name} ${value}: expected a number from 0`);
}

/** All of `defaults`, those that `options` hold in their places. @throws {RangeError} as {@link numberFromZero} does. */
export function numbersFromZero<Name extends string>(
  options: { readonly [Key in Name]?: number | undefined },
  defaults: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const numbers: Record<Name, number> = { ...defaults };
  for (const name in defaults) numbers[name] = numberFromZero(name, options[name], defaults[name]);
  return numbers;
}
