/** The machine that an image runs on. @see OCI image-spec, image-index.md */
export interface Platform {
  /** GOARCH value, such as `amd64`. */
  readonly architecture: string;
  /** GOOS value, such as `linux`. */
  readonly os: string;
  /** Version of the operating system, such as `10.0.14393.1066` of Windows. */
  readonly "os.version"?: string;
  /** What the operating system must have, such as `win32k`. */
  readonly "os.features"?: readonly string[];
  /** CPU variant, such as `v8` for arm64. */
  readonly variant?: string;
  /** Docker manifest lists only. */
  readonly features?: readonly string[];
}

/** What a platform's fields may look like in a platform text. */
const COMPONENT = /^[A-Za-z0-9_.-]+$/;
const OS_WITH_VERSION = /^([A-Za-z0-9_.-]+)\(([A-Za-z0-9_.-]*)\)$/;

const KNOWN_OS: ReadonlySet<string> = new Set([
  "aix",
  "android",
  "darwin",
  "dragonfly",
  "freebsd",
  "hurd",
  "illumos",
  "ios",
  "js",
  "linux",
  "nacl",
  "netbsd",
  "openbsd",
  "plan9",
  "solaris",
  "wasip1",
  "windows",
  "zos",
]);

/** Other names of architectures, with the variant they imply. */
const ARCHITECTURE_ALIASES: ReadonlyMap<string, readonly [architecture: string, variant: string]> = new Map([
  ["x86_64", ["amd64", ""]],
  ["x86-64", ["amd64", ""]],
  ["i386", ["386", ""]],
  ["i686", ["386", ""]],
  ["aarch64", ["arm64", ""]],
  ["armhf", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
]);

/**
 * One spelling for each platform: lower case, aliases resolved (`x86_64` is `amd64`, `aarch64` is `arm64`, `armhf` is `arm/v7`, `macos` is
 * `darwin`), default variants left out (`arm64/v8`, `amd64/v1`) or, for arm, filled in (`v7`).
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const name = platform.architecture.toLowerCase();
  const [architecture, implied] = ARCHITECTURE_ALIASES.get(name) ?? [name, ""];
  const variant = normalizeVariant(architecture, implied === "" ? (platform.variant ?? "").toLowerCase() : implied);
  const { variant: _, ...rest } = platform;
  return { ...rest, os: os === "macos" ? "darwin" : os, architecture, ...(variant !== "" && { variant }) };
}

function normalizeVariant(architecture: string, variant: string): string {
  const full = /^[0-9]/.test(variant) ? `v${variant}` : variant;
  if (architecture === "arm") return full === "" ? "v7" : full;
  if (architecture === "arm64") return full === "v8" || full === "v8.0" ? "" : full === "v9.0" ? "v9" : full;
  if (architecture === "amd64") return full === "v1" ? "" : full;
  return architecture === "386" ? "" : full;
}

/**
 * Parses `os/architecture[/variant]`, with an optional `os(version)`, and normalises it. One word alone is an OS (for amd64) or an
 * architecture (for linux).
 *
 * @throws {SyntaxError} when it is malformed.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.length > 255 ? [] : text.split("/");
  const [first = "", second, variant] = parts;
  const [, osName = first, osVersion = ""] = OS_WITH_VERSION.exec(first) ?? [];
  const words = [osName, ...parts.slice(1)];
  if (parts.length > 3 || !words.every((word) => COMPONENT.test(word))) {
    throw new SyntaxError(`Cannot parse platform "${text.slice(0, 300)}": expected os/architecture/variant`);
  }
  const version = osVersion === "" ? {} : { "os.version": osVersion };
  if (second !== undefined)
    return normalizePlatform({ os: osName, architecture: second, ...version, ...(variant !== undefined && { variant }) });
  const os = osName.toLowerCase();
  const isOs = osName !== first || KNOWN_OS.has(os) || os === "macos";
  return normalizePlatform(isOs ? { os, architecture: "amd64", ...version } : { os: "linux", architecture: osName });
}

/** Writes `os/architecture[/variant]`, with `os(version)` when there is a version; {@link parsePlatform} reads it back. */
export function formatPlatform(platform: Platform): string {
  const version = platform["os.version"];
  const os = version === undefined || version === "" ? platform.os : `${platform.os}(${version})`;
  return [os, platform.architecture, platform.variant].filter((part) => part !== undefined && part !== "").join("/");
}

/**
 * True when `actual` is what `wanted` asks for: OS and architecture equal; variant and OS version equal when asked for; every OS feature
 * asked for present.
 */
export function matchesPlatform(wanted: Platform, actual: Platform): boolean {
  const a = normalizePlatform(wanted);
  const b = normalizePlatform(actual);
  if (a.os !== b.os || a.architecture !== b.architecture) return false;
  if (wanted.variant !== undefined && wanted.variant !== "" && a.variant !== b.variant) return false;
  if (a["os.version"] && a["os.version"] !== b["os.version"]) return false;
  return (a["os.features"] ?? []).every((feature) => b["os.features"]?.includes(feature) === true);
}

/**
 * The platform that an image config says it is for; undefined when it names no OS or no architecture.
 *
 * @see OCI image-spec, config.md
 */
export function platformOfConfig(config: Readonly<Record<string, unknown>>): Platform | undefined {
  const { architecture, os, variant, "os.version": version, "os.features": features } = config;
  if (typeof architecture !== "string" || typeof os !== "string") return undefined;
  return {
    architecture,
    os,
    ...(typeof variant === "string" && { variant }),
    ...(typeof version === "string" && { "os.version": version }),
    ...(Array.isArray(features) && { "os.features": features.filter((feature) => typeof feature === "string") }),
  };
}
