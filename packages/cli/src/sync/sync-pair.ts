import type { Location } from "@berth/transfer/location";
import { ownReference } from "../connect/destination.ts";
import { describeLocation } from "../connect/describe-location.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { registryHostOf } from "../content/list-place.ts";
import { nameFilter } from "../content/name-filter.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";
import type { SyncItem } from "./sync-file.ts";

/** A repository, layout or archive, and where its images go. */
export interface SyncPair {
  readonly source: Location;
  readonly destination: Location;
  readonly item: SyncItem;
}

/** What an item stands for: one pair, or one for each repository of a registry. @throws {CommandFailure} */
export async function* pairsOf(session: Session, item: SyncItem): AsyncGenerator<SyncPair> {
  const host = wholeRegistry(item);
  if (host === undefined) {
    if (item.repositories !== undefined) throw usage(item, "repositories are of a registry as a whole");
    yield await pairOf(item, item.source, item.destination);
    return;
  }
  const registry = await session.connections.registry(host, "from");
  const wanted = nameFilter(item.repositories ?? {});
  for await (const name of registry.repositories({ signal: session.signal })) {
    if (wanted(name)) yield await pairOf(item, `${host}/${name}`, item.scoped === true ? item.destination : within(item.destination, name));
  }
}

/** The host of an item that is a registry as a whole: "debian:12" is none, though "registry:5000" may be one. */
function wholeRegistry({ source, repositories }: SyncItem): string | undefined {
  const host = registryHostOf(source);
  const isSure = repositories !== undefined || source !== host || /^localhost|[.[]/.test(source);
  return isSure ? host : undefined;
}

async function pairOf(item: SyncItem, from: string, to: string): Promise<SyncPair> {
  const source = parsePlace(from);
  const destination = parsePlace(item.scoped === true ? within(to, scopeOf(source)) : to);
  if (source.transport !== "registry" && source.path === "-") throw usage(item, "standard input cannot be read more than once");
  // an archive is written whole: each item would take away what the others brought, and what is there already
  if (destination.transport !== "registry" && destination.transport !== "oci")
    throw usage(item, "the destination is a registry or a layout: archives are written by berth cp --all-tags");
  const isOne = ownReference(source) !== "";
  if (isOne && item.tags !== undefined) throw usage(item, "it names one image, and tags to choose from");
  if (!isOne && ownReference(destination) !== "") throw usage(item, "all tags keep their names: leave the tag of the destination away");
  return { source, destination, item };
}

function usage({ source }: SyncItem, why: string): CommandFailure {
  return new CommandFailure(EXIT_CODE.usage, `cannot sync "${source}": ${why}`);
}

function within(place: string, name: string): string {
  return `${place.replace(/\/+$/, "")}/${name}`;
}

/** The whole name of a source, as part of another one: a port has no colon there. */
function scopeOf(source: Location): string {
  if (source.transport !== "registry") return source.path.replace(/^[./\\]+/, "").toLowerCase();
  const { domain, path } = source.reference;
  return `${domain.replace(":", "-")}/${path}`;
}

/** How a place is written, without its own tag. */
export function placeName(location: Location): string {
  if (location.transport !== "registry") return `${location.transport}:${location.path}`;
  return `${location.reference.domain}/${location.reference.path}`;
}

/** A tag of a place, as it is written; "" is the place alone. */
export function imageName(location: Location, tag: string): string {
  return tag === "" ? placeName(location) : describeLocation(location, tag);
}
