import { compileGoPatterns } from "../go-pattern.ts";
import type { ConfigReader } from "../reader.ts";
import type { ManifestsConfig, PlatformRule, UrlRules, ValidationConfig } from "../registry-config.ts";

/** `validation` (G16, B5). */
export function buildValidation(read: ConfigReader): ValidationConfig {
  const disabled = read.flag("validation.disabled") && !read.flag("validation.enabled");
  return {
    urls: disabled ? undefined : buildUrlRules(read),
    platforms: disabled ? { kind: "none" } : buildPlatforms(read),
    allowMissing: read.flag("validation.manifests.allowmissing"),
  };
}

/** Without rules every URL is taken, unless validation was turned on by hand: then none is, as distribution has it. */
function buildUrlRules(read: ConfigReader): UrlRules | undefined {
  const allow = compileGoPatterns(read.texts("validation.manifests.urls.allow") ?? []);
  const deny = compileGoPatterns(read.texts("validation.manifests.urls.deny") ?? []);
  if (allow !== undefined || deny !== undefined) return { allow, deny };
  return read.flag("validation.enabled") ? { allow: { test: () => false }, deny: undefined } : undefined;
}

function buildPlatforms(read: ConfigReader): PlatformRule {
  const rule = read.text("validation.manifests.indexes.platforms");
  const platforms = read
    .sections("validation.manifests.indexes.platformlist")
    .map((entry) => ({ os: text(entry["os"]), architecture: text(entry["architecture"]) }));
  if (rule === "none") return { kind: "none" };
  return rule === "list" && platforms.length > 0 ? { kind: "list", platforms } : { kind: "all" };
}

/** `manifests`. */
export function buildManifests(read: ConfigReader): ManifestsConfig {
  return {
    maxBytes: read.number("manifests.maxbytes"),
    acceptedTypes: read.texts("manifests.acceptedtypes"),
    strictAccept: read.flag("manifests.strictaccept"),
    legacyPlatform: read.flag("manifests.legacyplatform"),
    maxTags: read.number("manifests.maxtags"),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
