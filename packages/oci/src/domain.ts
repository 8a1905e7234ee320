const COLON = 0x3a;
const DOT = 0x2e;
const DASH = 0x2d;

/**
 * True for the domain part of an image reference: DNS labels (upper case allowed), an IPv4 address or a bracketed IPv6 address,
 * each with an optional numeric port. One pass, no backtracking.
 */
export function isDomain(input: string): boolean {
  const portColon = input.startsWith("[") ? colonBehindBracket(input) : input.indexOf(":");
  const host = portColon < 0 ? input : input.slice(0, portColon);
  if (portColon >= 0 && !isDigits(input.slice(portColon + 1))) return false;
  return host.startsWith("[") ? isBracketedAddress(host) : hasLabels(host);
}

/** True for `host` or `host:port` as registries are addressed: {@link isDomain}, and underscores, which container networks use in names. */
export function isRegistryHost(input: string): boolean {
  return input.length <= 261 && isDomain(input.replaceAll("_", "a")) && portOf(input) <= 65_535;
}

function portOf(input: string): number {
  const match = /:([0-9]+)$/.exec(input.slice(input.lastIndexOf("]") + 1));
  return match === null ? 0 : Number(match[1]);
}

function colonBehindBracket(input: string): number {
  const bracket = input.indexOf("]");
  return bracket >= 0 && input.charCodeAt(bracket + 1) === COLON ? bracket + 1 : -1;
}

function isBracketedAddress(host: string): boolean {
  return /^\[[0-9A-Fa-f:]+\]$/.test(host);
}

function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

/** Labels of letters, digits and inner dashes, joined by dots. */
function hasLabels(host: string): boolean {
  let before = DOT;
  for (let i = 0; i < host.length; i++) {
    const c = host.charCodeAt(i);
    const dotOrDash = c === DOT || c === DASH;
    if (!dotOrDash && !isAlphanumeric(c)) return false;
    if (dotOrDash && before === DOT) return false; // an empty label, or one that starts with a dash
    if (c === DOT && before === DASH) return false;
    before = c;
  }
  return before !== DOT && before !== DASH;
}

function isAlphanumeric(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39);
}
