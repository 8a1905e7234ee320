import { type CallOptions, type Digest, isDigest } from "@berth/oci";
import type { CopiedTag, CopyStats } from "@berth/transfer";
import { namesWithin } from "@berth/transfer/location";
import { type Destination, ownReference, withDestination } from "../connect/destination.ts";
import { type Place, withPlace, withSource } from "../connect/place.ts";
import { inParallel } from "../content/in-parallel.ts";
import { nameFilter } from "../content/name-filter.ts";
import type { Session } from "../session/session.ts";
import { addStats, NO_STATS } from "../transfer/add-stats.ts";
import type { Batch } from "../transfer/batch.ts";
import { copyImage, imageToCopy } from "../transfer/copy-image.ts";
import type { copyOptions } from "../transfer/copy-flags.ts";
import { platformWarning } from "../transfer/platform-warning.ts";
import { previewPlatforms, previewTags } from "../transfer/preview-copy.ts";
import type { Transfer, TransferSettings } from "../transfer/with-transfer.ts";
import { destinationTags } from "./destination-tags.ts";
import { selectTags } from "./select-tags.ts";
import { deleteStaleTags, findStaleTags, type WholeSource } from "./stale-tags.ts";
import type { SyncFile, SyncItem } from "./sync-file.ts";
import { imageName, pairsOf, placeName, type SyncPair } from "./sync-pair.ts";

/** What became of one tag. */
export interface SyncedTag {
  /** As it is told: the place with its tag. */
  readonly source: string;
  /** Where it went, as it is told. */
  readonly reference: string;
  readonly tag: string;
  /** Undefined when nobody looked. */
  readonly digest?: Digest;
  /** Bytes of the manifest; undefined with the digest. */
  readonly size?: number;
  /** `skipped`: it is there, and never changes. `deleted`: the source has it no more. */
  readonly outcome: CopiedTag["outcome"] | "skipped" | "deleted";
  /** Of a tag that is unchanged: manifests and blobs that were missing there and came. */
  readonly copied?: number;
}

/** Images at a time, unless told. */
const DEFAULT_JOBS = 3;

/** One run over a sync file. */
export class SyncRun {
  readonly tags: SyncedTag[] = [];
  stats: CopyStats = NO_STATS;
  readonly #session: Session;
  readonly #batch: Batch;
  readonly #recheck: boolean;
  readonly #wholes: WholeSource[] = [];

  /** @param options with `recheck`: looks at everything below images, also where registries have them. */
  constructor(session: Session, batch: Batch, { recheck = false }: { readonly recheck?: boolean } = {}) {
    this.#session = session;
    this.#batch = batch;
    this.#recheck = recheck;
  }

  /** Syncs everything. @param transfer absent: nothing is written. @throws the first failure, unless the batch keeps going. */
  async run({ items }: SyncFile, transfer: Transfer | undefined): Promise<void> {
    for (const item of items) {
      await this.#batch.attempt(item.source, async () => {
        let pairs = 0;
        for await (const pair of pairsOf(this.#session, item)) {
          pairs++;
          await this.#batch.attempt(placeName(pair.source), async () => await this.#pair(pair, transfer));
        }
        this.#warnOfNothing(item, pairs);
      });
    }
  }

  /** What means nothing at all is a slip of the pen, more often than not. Of a registry not every repository has to have tags that are meant. */
  #warnOfNothing(item: SyncItem, pairs: number): void {
    const wholes = this.#wholes.filter(({ pair }) => pair.item === item);
    const isNothing = wholes.length === pairs && wholes.every(({ isEmpty }) => isEmpty);
    if (!isNothing) return;
    const [what, selection] = pairs === 0 ? ["repository", item.repositories] : ["tag", item.tags];
    this.#session.warnings.add(`no ${what} of "${item.source}" ${selection === undefined ? "is there" : "matches"}: it brings nothing`);
  }

  /**
   * Takes away, or with `dryRun` only tells of, tags of destinations that their sources have no more: when everything else is done, so that
   * it is known what all items bring.
   *
   * @throws {CommandFailure}
   */
  async deleteStale({ dryRun, force }: { readonly dryRun: boolean; readonly force: boolean }): Promise<void> {
    const brought = new Set(this.tags.map(({ reference }) => reference));
    const stale = await findStaleTags(this.#session, this.#wholes, brought, { signal: this.#session.signal });
    if (stale.length === 0) return;
    if (!dryRun) await deleteStaleTags(this.#session, stale, force);
    this.tags.push(...stale.map((tag) => ({ ...tag, outcome: "deleted" as const })));
  }

  async #pair(pair: SyncPair, transfer: Transfer | undefined): Promise<void> {
    const { source, destination } = pair;
    await withPlace(
      this.#session,
      placeName(source),
      async (place, call) => {
        const wanted = await this.#wantedTags(pair, place, call);
        if (wanted.length === 0) return;
        if (transfer === undefined) return await this.#all(pair, wanted, async (tag) => await this.#preview(pair, place, tag, call));
        await withDestination(
          this.#session,
          destination,
          async (into) => {
            const pace = await transfer.between({ source: place.repository, destination: into.repository });
            await this.#all(pair, wanted, async (tag) => await this.#copy(pair, place, tag, into, pace));
          },
          { side: "to" },
        );
      },
      { side: "from", into: destination.transport },
    );
  }

  /** Tags to look at. Those that never change are asked for at the destination in one request, and only when there are any. */
  async #wantedTags(pair: SyncPair, place: Place, call: CallOptions): Promise<readonly string[]> {
    const { source, destination, item } = pair;
    const own = ownReference(source);
    const listed = own === "" ? await Array.fromAsync(place.target.tags?.(call) ?? []) : [own];
    const tags = own === "" ? selectTags(listed, item.tags) : listed;
    if (own === "") this.#wholes.push({ pair, listed, isEmpty: tags.length === 0 });
    const isImmutable = nameFilter({ match: item.immutable ?? [] });
    if (item.immutable === undefined || !tags.some(isImmutable)) return tags;
    const there = new Set(await destinationTags(this.#session, destination, call));
    return tags.filter((tag) => {
      const names = this.#names(pair, tag);
      const isDone = isImmutable(tag) && there.has(names.tag);
      if (isDone) this.tags.push({ ...names, outcome: "skipped" });
      return !isDone;
    });
  }

  /** All tags, some at a time; what became of them is told in their order. */
  async #all({ source }: SyncPair, tags: readonly string[], work: (tag: string) => Promise<void>): Promise<void> {
    const before = this.tags.length;
    try {
      for await (const _ of inParallel(tags, this.#session.jobs(DEFAULT_JOBS), work));
    } finally {
      const order = new Map(tags.map((tag, at) => [imageName(source, tag), at]));
      const at = (tag: SyncedTag): number => order.get(tag.source) ?? 0;
      this.tags.push(...this.tags.splice(before).toSorted((a, b) => at(a) - at(b)));
    }
  }

  async #copy(pair: SyncPair, place: Place, tag: string, into: Destination, pace: TransferSettings): Promise<void> {
    const { item } = pair;
    const names = this.#names(pair, tag);
    await this.#batch.attempt(names.source, async () => {
      await this.#read(pair, place, tag, async (source) => {
        const wanted = {
          ...settingsOf(item),
          ...pace,
          recheck: this.#recheck,
          onPlatformMissing: platformWarning(this.#session),
          ...(item.platform && { platform: item.platform }),
        };
        const done = await copyImage(source, into, this.#namesAt(pair, names.tag), wanted);
        const { digest, size } = done.descriptor;
        this.stats = addStats(this.stats, done.stats);
        this.tags.push({ ...names, digest, size, outcome: "tagged", ...done.tags[0] });
      });
    });
  }

  async #preview(pair: SyncPair, place: Place, tag: string, call: CallOptions): Promise<void> {
    const { item, destination } = pair;
    const names = this.#names(pair, tag);
    await this.#batch.attempt(names.source, async () => {
      await this.#read(pair, place, tag, async (source) => {
        const root =
          (await imageToCopy(source, { location: destination }, item.platform, call)) ?? (await source.target.resolve(tag, call));
        const wanted = this.#namesAt(pair, names.tag).map((tag) => [tag, root] as const);
        const [found] = await previewTags(this.#session, destination, wanted, item.existing ?? "overwrite");
        const checked = { ...settingsOf(item), ...call, onPlatformMissing: platformWarning(this.#session) };
        await previewPlatforms(source.target, root, found === undefined ? [] : [found], checked);
        this.tags.push({ ...names, digest: root.digest, size: root.size, outcome: "tagged", ...found });
      });
    });
  }

  /** One image of a place: of a registry its mirrors are asked before it. */
  async #read(pair: SyncPair, place: Place, tag: string, work: (source: Place) => Promise<void>): Promise<void> {
    if (pair.source.transport !== "registry") await work({ ...place, reference: tag });
    else await withSource(this.#session, imageName(pair.source, tag), work, { side: "from" });
  }

  #names({ source, destination, item }: SyncPair, tag: string): { source: string; reference: string; tag: string } {
    const own = namesWithin(destination);
    const name = own.length > 0 ? own.find((one) => !isDigest(one)) : isDigest(tag) ? undefined : tag;
    const after = name === undefined ? "" : name + (item.suffix ?? "");
    return { source: imageName(source, tag), reference: imageName(destination, after), tag: after };
  }

  /** The tag that an image gets, if any, and the digest that it has to have if the destination names one. */
  #namesAt({ destination }: SyncPair, tag: string): readonly string[] {
    return [tag, ...namesWithin(destination).filter(isDigest)].filter((name) => name !== "");
  }
}

function settingsOf({ platforms, referrers, digestTags, external, existing }: SyncItem): ReturnType<typeof copyOptions> {
  return {
    existingTags: existing ?? "overwrite",
    ...(platforms && { platforms }),
    ...(referrers !== undefined && { referrers: typeof referrers === "boolean" ? referrers : { artifactTypes: referrers } }),
    ...(digestTags !== undefined && { digestTags }),
    ...(external !== undefined && { external }),
  };
}
