import type { CallOptions } from "@berth/oci";
import { isPath } from "../connect/path-advice.ts";

/**
 * The host of a registry, when a text names one: `registry.test`, `localhost:5000`, `https://registry.test/`. Undefined: it is something
 * else, such as a repository. A name alone (`debian`) is a repository of Docker Hub, as everywhere.
 */
export function registryHostOf(text: string): string | undefined {
  const host = text.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  if (/^(?:oci|ocidir|oci-layout|oci-archive|docker-archive):/.test(text) || isPath(text)) return undefined; // `oci-archive:app.tar`
  if (host === "" || host.includes("/") || host.includes("@")) return undefined;
  if (text !== host) return host; // a scheme or a slash says enough
  return host === "localhost" || host.startsWith("[") || host.includes(".") || /:\d+$/.test(host) ? host : undefined;
}

/** Options of {@link chosen}. */
export interface ChosenOptions extends CallOptions {
  /** Items at most; undefined: all. */
  readonly limit?: number | undefined;
  /** Asked once for each name. */
  readonly wanted: (name: string) => boolean;
}

/** The items of a list that are wanted, up to a limit; no page more than needed is read. */
export async function* chosen(
  names: AsyncIterable<string>,
  { limit = Number.POSITIVE_INFINITY, wanted }: ChosenOptions,
): AsyncGenerator<string> {
  let count = 0;
  if (count >= limit) return;
  for await (const name of names) {
    if (!wanted(name)) continue;
    yield name;
    if (++count >= limit) return;
  }
}
