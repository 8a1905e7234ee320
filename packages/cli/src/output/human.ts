const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes for people, in powers of 1000 as disks and docker have it: `61.2 MB`. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ""}`;
}

/** Seconds for people: `3 s`, `2 min`, `1 h 5 min`. */
export function humanSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const AGES: readonly (readonly [seconds: number, name: string])[] = [
  [31_536_000, "year"],
  [2_592_000, "month"],
  [604_800, "week"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** How long ago a moment was: `3 weeks ago`. What is no moment is shown as it is. @param now milliseconds since 1970 */
export function humanAge(moment: string, now: number): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (Number.isNaN(seconds)) return moment;
  if (Date.parse(moment) <= 0) return "no date"; // reproducible builds say 1970
  if (seconds < 1) return "just now";
  const [size, name] = AGES.find(([one]) => seconds >= one) ?? [1, "second"];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}
