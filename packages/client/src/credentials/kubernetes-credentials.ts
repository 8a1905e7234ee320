import { matchesGlob } from "@berth/oci";
import { decodeAuthEntry } from "./auth-entry.ts";
import { type CredentialSource, type CredentialTarget, isAnonymous } from "./credential.ts";
import { type DockerConfig, parseDockerConfig } from "./docker-config.ts";
import { CredentialFileError } from "./errors.ts";
import { addressTarget, isSameRegistry } from "./server-address.ts";

/** A Secret as the Kubernetes API gives it; other fields are not looked at. */
export interface KubernetesPullSecret {
  /** Names the secret in errors; defaults `default`, and its place in the list. */
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
  /** Values are base64: `.dockerconfigjson`, or the older `.dockercfg`. */
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Takes credentials from image pull secrets, by the rules of the kubelet: a key may name a part of a registry (`r.test/team-a`) and use
 * `*` and `?` inside the parts of its host (`*.r.test`, never across a dot); the longest path that fits goes first. A secret is the object of
 * the API, or the text of its `.dockerconfigjson` (what a mounted secret shows as a file).
 *
 * @throws {CredentialFileError} when a secret holds neither key, or is malformed.
 * @see Kubernetes, "Pull an Image from a Private Registry"; "Interpretation of config.json"
 */
export function kubernetesCredentials(secrets: readonly (KubernetesPullSecret | string)[]): CredentialSource {
  const configs = secrets.map((secret, index) => parseSecret(secret, index));
  return async (target) => {
    for (const config of configs) {
      const keys = [...config.auths.keys()].filter((key) => fits(key, target)).toSorted((a, b) => weight(b, target) - weight(a, target));
      for (const key of keys) {
        const credential = decodeAuthEntry(config.auths.get(key), { file: config.file, key });
        if (!isAnonymous(credential)) return credential;
      }
    }
    return undefined;
  };
}

function parseSecret(secret: KubernetesPullSecret | string, index: number): DockerConfig {
  if (typeof secret === "string") return parseDockerConfig(secret, `pull secret ${index}`);
  const { namespace = "default", name = String(index) } = secret.metadata ?? {};
  const file = `pull secret ${namespace}/${name}`;
  const current = secret.data?.[".dockerconfigjson"];
  if (current !== undefined) return parseDockerConfig(decode(current), file);
  const old = secret.data?.[".dockercfg"];
  if (old === undefined) throw new CredentialFileError({ file, reason: 'it has no ".dockerconfigjson"', malformed: true });
  // The older form is what stands under "auths" in the newer one.
  return parseDockerConfig(`{"auths":${decode(old).trim() || "{}"}}`, file);
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function fits(key: string, { registry, repository = "" }: CredentialTarget): boolean {
  const wanted = addressTarget(key);
  const path = wanted.repository ?? "";
  if (path !== "" && repository !== path && !repository.startsWith(`${path}/`)) return false;
  return isSameRegistry(wanted.registry, registry) || hostFits(wanted.registry, addressTarget(registry).registry);
}

/** Longer paths first, then hosts that are named outright. */
function weight(key: string, { registry }: CredentialTarget): number {
  const wanted = addressTarget(key);
  return 2 * (wanted.repository ?? "").length + (isSameRegistry(wanted.registry, registry) ? 1 : 0);
}

function hostFits(pattern: string, host: string): boolean {
  const [patterns, parts] = [pattern.split("."), host.split(".")];
  if (patterns.length !== parts.length || !/[*?]/.test(pattern)) return false;
  try {
    return patterns.every((one, index) => matchesGlob(one, parts[index] ?? ""));
  } catch {
    return false; // no pattern: then it fits nothing
  }
}
