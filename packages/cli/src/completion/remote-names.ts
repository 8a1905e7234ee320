import { homedir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import type { CommandIo } from "../io.ts";
import { isDigestTag } from "../content/name-filter.ts";
import { openPlace } from "../connect/place.ts";
import type { Session } from "../session/session.ts";
import type { Candidate } from "./candidate.ts";
import { cachedNames, nameCacheFolder } from "./name-cache.ts";
import { pathNames } from "./path-names.ts";

/** Names that are asked for, at most: one page. */
const MAX_NAMES = 1000;

/** Candidates for a reference: hosts that we are known to, repositories of a host, tags of a repository. */
export async function referenceNames(session: Session, word: string): Promise<readonly Candidate[]> {
  const slash = word.indexOf("/");
  if (word.includes("@")) return [];
  const colon = word.lastIndexOf(":");
  const isPlace = /^(?:oci|ocidir|oci-layout|oci-archive|docker-archive):/.test(word);
  if (isPlace) return await tagNames(session, word, colon);
  if (slash < 0)
    return (await knownHosts(session)).filter((host) => host.startsWith(word)).map((host) => ({ value: `${host}/`, meaning: "" }));
  return colon > slash ? await tagNames(session, word, colon) : await repositoryNames(session, word, slash);
}

async function repositoryNames(session: Session, word: string, slash: number): Promise<readonly Candidate[]> {
  const host = word.slice(0, slash);
  const start = word.slice(slash + 1);
  const names = await cached(session, `catalog ${host}`, async () => {
    const registry = await session.connections.registry(host);
    return await take(registry.repositories({ pageSize: MAX_NAMES, signal: session.signal }));
  });
  const found = names.filter((name) => name.startsWith(start)).map((name) => ({ value: `${host}/${name}`, meaning: "" }));
  const [only] = found;
  // a shell that has two candidates does not end the word: a tag may follow
  return only !== undefined && found.length === 1 ? [only, { value: `${only.value}:`, meaning: "" }] : found;
}

async function tagNames(session: Session, word: string, colon: number): Promise<readonly Candidate[]> {
  const place = word.slice(0, colon);
  const start = word.slice(colon + 1);
  if (/^[a-z-]+$/.test(place)) {
    const paths = await pathNames(start, place.endsWith("archive") ? "file" : "folder");
    return paths.map(({ value, meaning }) => ({ value: `${place}:${value}`, meaning }));
  }
  const names = await cached(session, `tags ${place}`, async () => {
    const opened = await openPlace(session, place);
    try {
      return await take(opened.target.tags?.({ pageSize: MAX_NAMES, signal: session.signal }) ?? []);
    } finally {
      await opened.close();
    }
  });
  return names.filter((name) => name.startsWith(start) && !isDigestTag(name)).map((name) => ({ value: `${place}:${name}`, meaning: "" }));
}

async function cached(session: Session, key: string, load: () => Promise<readonly string[]>): Promise<readonly string[]> {
  return await cachedNames(nameCacheFolder(session.io.env), key, load);
}

async function take(names: AsyncIterable<string> | Iterable<string>): Promise<readonly string[]> {
  const taken: string[] = [];
  for await (const name of names) {
    if (taken.push(name) >= MAX_NAMES) break;
  }
  return taken;
}

/** Hosts that docker's config or the user's own names. */
async function knownHosts(session: Session): Promise<readonly string[]> {
  const configured = [...(await session.connections.userConfig()).registries.keys()];
  return [...new Set([...configured, ...dockerHosts(session.io.env)])].toSorted();
}

function dockerHosts(env: CommandIo["env"]): readonly string[] {
  const folder = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  try {
    const config: unknown = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    if (typeof config !== "object" || config === null) return [];
    const keys = ["auths", "credHelpers"].flatMap((name) => {
      const members: unknown = Object.entries(config).find(([key]) => key === name)?.[1];
      return typeof members === "object" && members !== null ? Object.keys(members) : [];
    });
    return keys.filter((key) => /^[A-Za-z0-9.-]+(?::\d+)?$/.test(key));
  } catch {
    return []; // no config, no hosts
  }
}
