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
import { nameOf } from "./capability.ts";
import { ReferrersCapabilityError } from "./errors.ts";
import type { ListReferrersOptions, PushedManifest, Referrers, ReferrersCapability } from "./referrers.ts";
import { firstPage, followPages, pingReferrersApi } from "./referrers-api.ts";
import { SharedCall } from "../../shared-call.ts";
import { type SharedReferrers, sharedReferrers } from "./shared-referrers.ts";
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
  /** What was found out; of no account once somebody has said it. */
  readonly #found: SharedReferrers;
  #said: ReferrersCapability | undefined;

  constructor(context: RepositoryContext) {
    this.#context = context;
    this.#found = sharedReferrers(context.connection, context.name);
  }

  get capability(): ReferrersCapability {
    return this.#said ?? this.#found.capability.value;
  }

  setCapability(supported: boolean): void {
    const current = this.capability;
    const wanted = nameOf(supported);
    if (current !== "unknown" && current !== wanted) throw new ReferrersCapabilityError({ current, wanted });
    this.#said = wanted;
  }

  async ping(options: CallOptions = {}): Promise<boolean> {
    if (this.capability !== "unknown") return this.capability === "supported";
    const found = this.#found;
    if (found.ping === undefined || found.ping.isAbandoned) found.ping = this.#startPing();
    return await found.ping.join(options.signal);
  }

  #startPing(): SharedCall<boolean> {
    const found = this.#found;
    const ping: SharedCall<boolean> = new SharedCall(async (signal) => {
      try {
        found.capability.observe(await pingReferrersApi(this.#context, { signal }));
        return found.capability.value === "supported";
      } finally {
        if (found.ping === ping) found.ping = undefined;
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
    if (this.capability !== "unsupported") {
      const first = await firstPage(this.#context, subject.digest, options, options);
      this.#found.capability.observe(!("reason" in first));
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
    await this.#found.updates.make(this.#context, subject, { action: "add", descriptor: entry }, options);
  }

  /**
   * Whether the registry lists a referrer that was just pushed. There are registries that answer `OCI-Subject`, or have something that
   * looks like the API, and list nothing: the first time the list itself is asked.
   */
  async #isListedByRegistry(subject: Descriptor, entry: Descriptor, isClaimed: boolean, options: CallOptions): Promise<boolean> {
    const found = this.#found.capability;
    if (!isClaimed) found.observe(false);
    if (this.capability === "unsupported" || this.#said !== undefined || found.isCertain) return this.capability === "supported";
    try {
      found.prove(await this.#finds(subject, entry, options));
    } catch (error) {
      if (!isDenied(error) && !isUnauthorized(error)) throw error;
      found.observe(isClaimed); // who may push but not read has nothing but the registry's word
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
    if (this.capability === "supported" || !WITH_SUBJECT.has(target.mediaType)) return;
    const bytes = await this.#read(target, options);
    const subject = bytes && decodeIfPossible(bytes, target.mediaType)?.subject;
    if (subject === undefined || (await this.ping(options))) return;
    await this.#found.updates.make(this.#context, subject, { action: "remove", descriptor: target }, options);
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
