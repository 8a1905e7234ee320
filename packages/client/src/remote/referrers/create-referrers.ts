import {
  type CallOptions,
  decodeManifest,
  type Descriptor,
  effectiveArtifactType,
  InvalidManifestError,
  type Manifest,
  MEDIA_TYPES,
  NotFoundError,
  type Paged,
  parseRepositoryName,
} from "@berth/oci";
import { isDenied, isUnauthorized } from "../../errors.ts";
import { headerValue } from "../../transport/transport.ts";
import type { Connection } from "../connection.ts";
import type { RepositoryContext } from "../context.ts";
import { readManifest } from "../manifest-read.ts";
import { type RepositoryOptions, repositorySettings } from "../repository-options.ts";
import { CapabilityState } from "./capability.ts";
import { IndexUpdates } from "./index-updates.ts";
import type { ListReferrersOptions, PushedManifest, Referrers, ReferrersCapability } from "./referrers.ts";
import { firstPage, followPages, pingReferrersApi } from "./referrers-api.ts";
import { SharedCall } from "./shared-call.ts";
import { readTagIndex } from "./tag-index.ts";

/**
 * Makes the referrers of one repository. Nothing is sent yet.
 *
 * @throws {InvalidReferenceError} on a bad name.
 */
export function createReferrers(connection: Connection, repository: string, options: RepositoryOptions = {}): Referrers {
  return referrersIn({ connection, name: parseRepositoryName(repository), settings: repositorySettings(options) });
}

/** {@link createReferrers} for a repository whose parts are at hand. */
export function referrersIn(context: RepositoryContext): Referrers {
  return new RemoteReferrers(context);
}

/** Docker manifests have no subject, whatever they say. */
const WITH_SUBJECT: ReadonlySet<string> = new Set([MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex, MEDIA_TYPES.ociArtifactManifest]);

class RemoteReferrers implements Referrers {
  readonly #context: RepositoryContext;
  readonly #state = new CapabilityState();
  readonly #updates: IndexUpdates;
  #ping: SharedCall<boolean> | undefined;

  constructor(context: RepositoryContext) {
    this.#context = context;
    this.#updates = new IndexUpdates(context);
  }

  get capability(): ReferrersCapability {
    return this.#state.value;
  }

  setCapability(supported: boolean): void {
    this.#state.force(supported);
  }

  async ping(options: CallOptions = {}): Promise<boolean> {
    if (this.#state.value !== "unknown") return this.#state.value === "supported";
    if (this.#ping === undefined || this.#ping.isAbandoned) this.#ping = this.#startPing();
    return await this.#ping.join(options.signal);
  }

  #startPing(): SharedCall<boolean> {
    const ping: SharedCall<boolean> = new SharedCall(async (signal) => {
      try {
        this.#state.observe(await pingReferrersApi(this.#context, { signal }));
        return this.#state.value === "supported";
      } finally {
        if (this.#ping === ping) this.#ping = undefined;
      }
    });
    return ping;
  }

  list(subject: Descriptor, options: ListReferrersOptions = {}): Paged<Descriptor> {
    const pages = (): AsyncIterable<readonly Descriptor[]> => withoutEmpty(this.#pages(subject, options));
    return {
      pages,
      async *[Symbol.asyncIterator]() {
        for await (const page of pages()) yield* page;
      },
    };
  }

  async predecessors(target: Descriptor, options: CallOptions = {}): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    for await (const page of this.#pages(target, options)) found.push(...page);
    return found;
  }

  async *#pages(subject: Descriptor, options: ListReferrersOptions): AsyncGenerator<readonly Descriptor[]> {
    if (this.#state.value !== "unsupported") {
      const first = await firstPage(this.#context, subject.digest, options, options);
      this.#state.observe(!("reason" in first));
      if (!("reason" in first)) {
        yield* followPages(this.#context, first, options, options);
        return;
      }
      if (this.capability === "supported") throw first.reason;
    }
    const content = await readTagIndex(this.#context, subject, options);
    if (content.kind !== "index") return;
    const listed = content.index.entries.flatMap((entry) => entry.descriptor ?? []);
    yield options.artifactType ? listed.filter((one) => one.artifactType === options.artifactType) : listed;
  }

  async afterPush({ descriptor, bytes, headers }: PushedManifest, options: CallOptions = {}): Promise<void> {
    if (!WITH_SUBJECT.has(descriptor.mediaType)) return;
    const manifest = decodeIfPossible(bytes, descriptor.mediaType);
    const subject = manifest?.subject;
    if (manifest === undefined || subject === undefined) return;
    const entry = entryOf(descriptor, manifest);
    if (await this.#isListedByRegistry(subject, entry, headerValue(headers, "oci-subject") !== undefined, options)) return;
    await this.#updates.make(subject, { action: "add", descriptor: entry }, options);
  }

  /**
   * Whether the registry lists a referrer that was just pushed. There are registries that answer `OCI-Subject`, or have something that
   * looks like the API, and list nothing: the first time the list itself is asked.
   */
  async #isListedByRegistry(subject: Descriptor, entry: Descriptor, isClaimed: boolean, options: CallOptions): Promise<boolean> {
    const state = this.#state;
    if (!isClaimed) state.observe(false);
    if (state.value === "unsupported" || state.isCertain) return state.value === "supported";
    try {
      state.prove(await this.#finds(subject, entry, options));
    } catch (error) {
      if (!isDenied(error) && !isUnauthorized(error)) throw error;
      state.observe(isClaimed); // who may push but not read has nothing but the registry's word
    }
    return this.capability === "supported";
  }

  async #finds(subject: Descriptor, entry: Descriptor, options: CallOptions): Promise<boolean> {
    const query = { artifactType: entry.artifactType };
    const first = await firstPage(this.#context, subject.digest, query, options);
    if ("reason" in first) return false;
    for await (const page of followPages(this.#context, first, query, options)) {
      if (page.some((one) => one.digest === entry.digest)) return true;
    }
    return false;
  }

  async beforeDelete(target: Descriptor, options: CallOptions = {}): Promise<void> {
    if (this.#state.value === "supported" || !WITH_SUBJECT.has(target.mediaType)) return;
    const bytes = await this.#read(target, options);
    const subject = bytes && decodeIfPossible(bytes, target.mediaType)?.subject;
    if (subject === undefined || (await this.ping(options))) return;
    await this.#updates.make(subject, { action: "remove", descriptor: target }, options);
  }

  /** Undefined when it is not there. */
  async #read(target: Descriptor, options: CallOptions): Promise<Uint8Array | undefined> {
    try {
      return (await readManifest(this.#context, target.digest, options)).bytes;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }
}

/** What an index says about a referrer. @see OCI distribution-spec, "Listing Referrers" */
function entryOf({ mediaType, digest, size }: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = effectiveArtifactType(manifest);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType && { artifactType }),
    ...(manifest.annotations && { annotations: manifest.annotations }),
  };
}

/** Registries hold manifests that break the rules; what cannot be read names no subject that we could know. */
function decodeIfPossible(bytes: Uint8Array, mediaType: string): Manifest | undefined {
  try {
    return decodeManifest(bytes, mediaType);
  } catch (error) {
    if (error instanceof InvalidManifestError) return undefined;
    throw error;
  }
}

async function* withoutEmpty(pages: AsyncIterable<readonly Descriptor[]>): AsyncGenerator<readonly Descriptor[]> {
  for await (const page of pages) if (page.length > 0) yield page;
}
