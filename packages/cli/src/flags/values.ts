import { InvalidArgumentError } from "commander";

/** Milliseconds in one of each unit. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** What a timer can wait for, at most. Milliseconds; a little under 25 days. */
const MAX_TIMER_MS = 2_147_483_647;

/** Reads a time that is waited for, as {@link parseDuration} does. @throws {InvalidArgumentError} also for more than 24 days. */
export function parseWait(text: string): number {
  const ms = parseDuration(text);
  if (ms > MAX_TIMER_MS) throw new InvalidArgumentError("expected a time up to 24d");
  return ms;
}

/** Reads `90s`, `1m30s`, `250ms`, or seconds alone, as milliseconds. @throws {InvalidArgumentError} */
export function parseDuration(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) throw new InvalidArgumentError("expected a time such as 30s, 1m30s or 500ms");
  let total = 0;
  for (const [, number, , unit = ""] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h|d)/g)) total += Number(number) * (UNITS.get(unit) ?? 0);
  return Math.round(total);
}

/** Reads a whole number from `least` up. @throws {InvalidArgumentError} */
export function parseCount(least: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(count >= least)) throw new InvalidArgumentError(`expected a whole number from ${least}`);
    return count;
  };
}

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", 1000],
  ["m", 1_000_000],
  ["g", 1_000_000_000],
  ["ki", 1024],
  ["mi", 1_048_576],
  ["gi", 1_073_741_824],
]);

/** Reads `16MiB`, `10M`, `4096` as bytes, from 1 up. @throws {InvalidArgumentError} */
export function parseSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,15}(?:\.\d{1,3})?)\s*([kmg]i?)?b?$/i.exec(text) ?? [];
  const factor = SIZE_UNITS.get(unit.toLowerCase());
  if (number === "" || factor === undefined) throw new InvalidArgumentError("expected a size such as 16MiB, 10M or 4096");
  const bytes = Math.round(Number(number) * factor);
  if (bytes < 1 || !Number.isSafeInteger(bytes)) throw new InvalidArgumentError("expected a size from 1 byte up, such as 16MiB");
  return bytes;
}

/** Reads `true`, `1`, `yes`, `false`, `0` and `no`, as variables have them. @throws {InvalidArgumentError} */
export function parseSwitch(text: string): boolean {
  if (/^(?:1|true|yes|on)$/i.test(text)) return true;
  if (/^(?:0|false|no|off)$/i.test(text)) return false;
  throw new InvalidArgumentError("expected 1 or 0");
}

/** Reads `Name: value`. @throws {InvalidArgumentError} */
export function parseHeader(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('expected "Name: value"');
  return [name.toLowerCase(), value];
}

/** Reads `host:port:address`, an IPv6 address perhaps in brackets: where `host:port` is really found. @throws {InvalidArgumentError} */
export function parseAddressOverride(text: string): readonly [host: string, address: string] {
  const [, host, address] = /^([^:\s]+:\d{1,5}):(\[[0-9a-fA-F:.]+\]|[^\s]+)$/.exec(text) ?? [];
  if (host === undefined || address === undefined) throw new InvalidArgumentError("expected host:port:address");
  return [host.toLowerCase(), address.replace(/^\[(.*)\]$/, "$1")];
}
