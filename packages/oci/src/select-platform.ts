import type { Descriptor } from "./descriptor.ts";
import { isIndexMediaType } from "./media-types.ts";
import { matchesPlatform, normalizePlatform, type Platform } from "./platform.ts";

/** Options of {@link selectPlatform} and {@link rankPlatforms}. */
export interface SelectPlatformOptions {
  /**
   * Takes nothing but what was asked for: OS and architecture must be equal, variant and OS version when they are given, and an entry
   * without a platform is one for linux/amd64. Default false: what the same machine can run as well, worse ones last.
   */
  readonly strict?: boolean;
}

/** What buildx notes on manifests that say something about another one instead of being an image. */
const REFERENCE_TYPE = "vnd.docker.reference.type";

/** What an entry without a platform is for, to those who want to know exactly. */
const UNSAID: Platform = { os: "linux", architecture: "amd64" };

/** Behind everything that says what it is for. */
const LAST = 1_000_000;

/**
 * The entries of an index that suit a platform, best first; entries that suit equally well keep their order. Indexes within the index are
 * among them, to be searched in their turn. What says something about an image instead of being one (attestations) never is.
 *
 * Not strict, amd64/v3 takes v3, v2, v1, then 386; arm64/v9.x takes v9.x and v8.x downwards, then 32-bit arm; arm/vN takes vN down to v5;
 * Windows takes images of the same build first, then of older ones, never of newer ones; entries without a platform come last.
 *
 * @see containerd, platforms.Only and platforms.OnlyStrict
 */
export function selectPlatform(
  descriptors: readonly Descriptor[],
  wanted: Platform,
  options: SelectPlatformOptions = {},
): readonly Descriptor[] {
  const { strict = false } = options;
  const ranks = descriptors.map((descriptor) => rankEntry(descriptor, normalizePlatform(wanted), strict));
  return inOrder(ranks).flatMap((at) => descriptors[at] ?? []);
}

/** The places of the platforms that suit `wanted`, best first; see {@link selectPlatform}. */
export function rankPlatforms(
  wanted: Platform,
  candidates: readonly (Platform | undefined)[],
  { strict = false }: SelectPlatformOptions = {},
): readonly number[] {
  const normal = normalizePlatform(wanted);
  return inOrder(candidates.map((candidate) => (strict ? rankStrictly(candidate, normal) : rankLoosely(candidate, normal))));
}

/**
 * The index of the platform that suits `wanted` best, -1 when none does: an equal one, else one that the same machine can run, such as
 * arm/v6 on arm/v7, or 386 on amd64. What has no platform is passed over.
 */
export function findPlatform(wanted: Platform, candidates: readonly (Platform | undefined)[]): number {
  return rankPlatforms(wanted, candidates).find((at) => candidates[at] !== undefined) ?? -1;
}

function inOrder(ranks: readonly (number | undefined)[]): readonly number[] {
  const found = ranks.flatMap((rank, at) => (rank === undefined ? [] : [{ rank, at }]));
  return found.toSorted((a, b) => a.rank - b.rank || a.at - b.at).map(({ at }) => at);
}

function rankEntry({ mediaType, platform, annotations }: Descriptor, wanted: Platform, strict: boolean): number | undefined {
  if (wanted.os !== "unknown" && annotations?.[REFERENCE_TYPE] !== undefined) return undefined;
  if (platform === undefined && isIndexMediaType(mediaType)) return strict ? 0 : LAST; // whatever is within
  return strict ? rankStrictly(platform, wanted) : rankLoosely(platform, wanted);
}

function rankStrictly(candidate: Platform | undefined, wanted: Platform): number | undefined {
  return matchesPlatform(wanted, candidate ?? UNSAID) ? 0 : undefined;
}

function rankLoosely(candidate: Platform | undefined, wanted: Platform): number | undefined {
  if (candidate === undefined) return LAST;
  const { "os.version": wantedVersion, ...machine } = wanted;
  const { "os.version": version, ...actual } = normalizePlatform(candidate);
  const step = runnablePlatforms(machine).findIndex((one) => matchesPlatform(one, actual) && one.variant === actual.variant);
  if (step < 0) return undefined;
  if (wanted.os !== "windows") return wantedVersion && wantedVersion !== version ? undefined : step;
  const age = buildAge(wantedVersion, version);
  return age === undefined ? undefined : step + age;
}

/**
 * How much older the build of an image is than that of the machine, below 1; undefined when it is newer. An image that says nothing comes
 * behind all others.
 */
function buildAge(wanted: string | undefined, actual: string | undefined): number | undefined {
  const host = buildOf(wanted);
  if (host === undefined) return 0;
  const build = buildOf(actual);
  if (build === undefined) return 0.999_999;
  return build > host ? undefined : (host - build) / 1_000_000;
}

/** The third part of `10.0.17763.1`. */
function buildOf(version: string | undefined): number | undefined {
  const build = /^\d+\.\d+\.(\d{1,5})(?:\.|$)/.exec(version ?? "")?.[1];
  return build === undefined ? undefined : Number(build);
}

/** What a machine of a normalised platform can run, best first. */
function runnablePlatforms(platform: Platform): readonly Platform[] {
  const { variant, ...rest } = platform;
  const as = (architecture: string, v?: string): Platform => ({ ...rest, architecture, ...(v !== undefined && { variant: v }) });
  const arms = (from: number): readonly Platform[] => countDown(from, 5).map((n) => as("arm", `v${n}`));
  const [major = 0, minor = 0] = (variant ?? "").slice(1).split(".", 2).map(Number);
  if (platform.architecture === "arm" && Number.isInteger(major)) return [platform, ...arms(Math.min(major, 8))];
  if (platform.architecture === "arm64")
    return [platform, ...armLevels(major === 0 ? 8 : major, minor).map((v) => as("arm64", v)), as("arm64"), ...arms(8)];
  if (platform.architecture === "amd64")
    return [platform, ...countDown(Math.min(major, 9), 2).map((n) => as("amd64", `v${n}`)), as("amd64"), as("386")];
  return [platform];
}

/** The levels of 64-bit arm below one: v9.x goes on as v8.(x+5). @see Arm Architecture Reference Manual, A2.2 */
function armLevels(major: number, minor: number): readonly string[] {
  const level = (of: number, n: number): string => (n === 0 ? `v${of}` : `v${of}.${n}`);
  const eights = countDown(Math.min(major >= 9 ? minor + 5 : minor, 9), 1).map((n) => level(8, n));
  return major >= 9 ? [...countDown(Math.min(minor, 9), 0).map((n) => level(9, n)), ...eights] : eights;
}

function countDown(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i);
}
