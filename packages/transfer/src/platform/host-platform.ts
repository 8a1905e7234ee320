import { readFileSync } from "node:fs";
import { arch, platform, release } from "node:os";
import { normalizePlatform, type Platform } from "@berth/oci";

/** What {@link hostPlatform} looks at; all of it is the machine's by default. */
export interface HostFacts {
  /** As Node has it: `linux`, `win32`. */
  readonly platform?: string;
  /** As Node has it: `x64`, `arm64`. */
  readonly arch?: string;
  /** Release of the operating system. */
  readonly release?: string;
  /** Variant of 32-bit arm: `6`, `7`. */
  readonly armVersion?: string;
  /** What the processor can do, as Linux names it. */
  readonly cpuFlags?: ReadonlySet<string>;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", mips: "mips", mipsel: "mipsle", ppc64: "ppc64le" };

/** What each level of amd64 adds, by Linux' names. @see x86-64 psABI, "Low-Level System Information" */
const AMD64_LEVELS: readonly (readonly string[])[] = [
  ["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"],
  ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"],
  ["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"],
];

let known: Platform | undefined;

/**
 * The platform of images for this machine, with the highest amd64 level that its processor has (where Linux tells). On macOS and others
 * that run containers in a virtual machine it is Linux.
 *
 * @see containerd, platforms.DefaultSpec
 */
export function hostPlatform(facts?: HostFacts): Platform {
  if (facts !== undefined) return describeHost(facts);
  known ??= describeHost({});
  return known;
}

function describeHost(facts: HostFacts): Platform {
  const { platform: system = platform(), arch: processor = arch() } = facts;
  const os = system === "win32" ? "windows" : system === "freebsd" ? "freebsd" : "linux";
  const architecture = ARCHITECTURES[processor] ?? processor;
  const variant = architecture === "amd64" ? amd64Level(facts, system) : architecture === "arm" ? armVariant(facts) : undefined;
  const version = os === "windows" ? { "os.version": facts.release ?? release() } : {};
  return normalizePlatform({ os, architecture, ...version, ...(variant !== undefined && { variant }) });
}

function amd64Level({ cpuFlags }: HostFacts, system: string): string {
  const flags = cpuFlags ?? (system === "linux" ? readCpuFlags() : new Set());
  const missing = AMD64_LEVELS.findIndex((level) => !level.every((flag) => flags.has(flag)));
  return `v${missing < 0 ? AMD64_LEVELS.length + 1 : missing + 1}`;
}

function readCpuFlags(): ReadonlySet<string> {
  try {
    const [, flags = ""] = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8")) ?? [];
    return new Set(flags.trim().split(/\s+/));
  } catch {
    return new Set(); // no such file: then every amd64 image of the lowest level will do
  }
}

function armVariant({ armVersion }: HostFacts): string {
  const built: unknown = Reflect.get(process.config.variables, "arm_version");
  const version = armVersion ?? (typeof built === "string" || typeof built === "number" ? String(built) : "");
  return `v${version === "" ? "7" : version}`;
}
