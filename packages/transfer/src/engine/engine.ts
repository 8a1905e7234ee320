import type { RemoteRepository } from "@berth/client";
import {
  type CallOptions,
  type Descriptor,
  type Digest,
  formatReference,
  InvalidReferenceError,
  type Named,
  parseNormalizedNamed,
  UnsupportedError,
} from "@berth/oci";
import { formatLocation, referenceWithin } from "../location/location.ts";
import { callOf } from "../call-of.ts";
import { EngineContext } from "./context.ts";
import { copyPlaces, locationOf } from "./copy-places.ts";
import { resolvePlace, tagsOf } from "./look-up.ts";
import { type OperationSubject, runOperation, type RunningOperation, startOperation } from "./operation.ts";
import type {
  EngineCopyOptions,
  EngineCopyResult,
  EngineOptions,
  OperationOptions,
  Place,
  PullOptions,
  PullResult,
  PushOptions,
  PushResult,
  ResolveOptions,
} from "./options.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";

/**
 * The operations of an engine as ones that run, to be watched and ended: `pull`, `push`, `copy`, `resolve` and `tags` take and do what those
 * of {@link Engine} do. They throw nothing: what goes wrong is in the result.
 */
export interface EngineStarters {
  pull(reference: string, options?: PullOptions): RunningOperation<readonly PullResult[]>;
  push(reference: string, options?: PushOptions): RunningOperation<readonly PushResult[]>;
  copy(from: Place, to: Place, options?: EngineCopyOptions): RunningOperation<EngineCopyResult>;
  resolve(place: Place, options?: ResolveOptions): RunningOperation<Descriptor>;
  tags(place: Place, options?: OperationOptions): RunningOperation<readonly string[]>;
}

/**
 * Moves images between registries and other places. Every operation rejects with an {@link EngineError}, which says what the failure means;
 * when its signal ended it the class is `Canceled`, the code `ERR_CANCELED`, and the cause the reason of the signal.
 */
export interface Engine extends AsyncDisposable {
  /**
   * Pulls an image, or all tags of a repository, into the engine's stores or elsewhere. Mirrors are asked first.
   *
   * @param reference as docker takes it; without tag and digest it is `latest`.
   * @see moby, distribution.Pull
   */
  pull(reference: string, options?: PullOptions): Promise<readonly PullResult[]>;
  /**
   * Pushes an image, or all local tags of a name, one result each. What several tags share is moved once.
   *
   * @param reference a name with a tag, or a name alone for all of its tags.
   * @throws {EngineError} of class `InvalidInput`, code `ERR_INVALID_REFERENCE`, for a reference with a digest, also with a tag beside it: docker
   * refuses it alike. {@link Engine.copy} brings an image to a digest.
   * @see moby, distribution.Push; client.ImagePush
   */
  push(reference: string, options?: PushOptions): Promise<readonly PushResult[]>;
  /**
   * Copies between any two places. Everything is copied as it is, with all platforms, unless options say otherwise.
   *
   * @throws {EngineError} of class `InvalidInput`, code `ERR_INVALID_LOCATION`, when all tags are to be copied, and source or destination has a tag
   * or a digest, or `tags` are given; of class `Unsupported` when all tags are to be copied for one `platform`: that is what `platforms` are for.
   */
  copy(from: Place, to: Place, options?: EngineCopyOptions): Promise<EngineCopyResult>;
  /** Describes what a place names. */
  resolve(place: Place, options?: ResolveOptions): Promise<Descriptor>;
  /** Lists tags, in the order of the place. */
  tags(place: Place, options?: OperationOptions): Promise<readonly string[]>;
  /** Points more tags at what a reference of a registry names, without moving content. */
  tag(reference: string, tags: readonly string[], options?: CallOptions): Promise<Descriptor>;
  /** Deletes from a registry: a tag, or with a digest the manifest and with it all of its tags. */
  delete(reference: string, options?: CallOptions): Promise<void>;
  /** The same operations, started: they are watched and ended by what is returned. */
  readonly start: EngineStarters;
  /**
   * The repository that a reference names, at the registry itself, over the connections of the engine. Nothing is sent yet.
   *
   * @see moby, distribution.NewV2Repository
   */
  repository(reference: string | Named): RemoteRepository;
  /** Writes down what is remembered, and closes idle connections. Operations that are begun later reject with an {@link EngineError}. */
  close(): Promise<void>;
}

/**
 * Makes an engine. Nothing is sent or written yet.
 *
 * @throws {TypeError} when a header is no metadata.
 *
 * @example
 * ```ts
 * await using engine = createEngine({ connection: { credentials: defaultCredentials() } });
 * await engine.copy("debian:12", "oci:images/debian:12");
 * const running = engine.start.pull("ghcr.io/acme/app:v1");
 * for await (const { id, action, current, total } of running.events) console.log(id, action, current, total);
 * const [image] = await running.result;
 * ```
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return new TransferEngine(new EngineContext(options));
}

class TransferEngine implements Engine {
  readonly #context: EngineContext;
  readonly start: EngineStarters;
  #isClosed = false;

  constructor(context: EngineContext) {
    this.#context = context;
    this.start = {
      pull: (reference, options = {}) => startOperation(options, async (watched) => await this.pull(reference, { ...options, ...watched })),
      push: (reference, options = {}) => startOperation(options, async (watched) => await this.push(reference, { ...options, ...watched })),
      copy: (from, to, options = {}) => startOperation(options, async (watched) => await this.copy(from, to, { ...options, ...watched })),
      resolve: (place, options = {}) => startOperation(options, async (watched) => await this.resolve(place, { ...options, ...watched })),
      tags: (place, options = {}) => startOperation(options, async (watched) => await this.tags(place, { ...options, ...watched })),
    };
  }

  async pull(reference: string, options: PullOptions = {}): Promise<readonly PullResult[]> {
    return await this.#run({ action: "pull", reference }, options, async () => {
      const result = await pull(this.#context, parseNormalizedNamed(reference), options);
      return { result, digests: result.map(({ digest }) => digest) };
    });
  }

  async push(reference: string, options: PushOptions = {}): Promise<readonly PushResult[]> {
    return await this.#run({ action: "push", reference }, options, async () => {
      const result = await push(this.#context, parseNormalizedNamed(reference), options);
      return { result, digests: result.map(({ digest }) => digest) };
    });
  }

  async copy(from: Place, to: Place, options: EngineCopyOptions = {}): Promise<EngineCopyResult> {
    return await this.#run({ action: "copy", reference: textOf(from), destination: textOf(to) }, options, async () => {
      const result = await copyPlaces(this.#context, locationOf(from), locationOf(to), options);
      const { descriptor, tags } = result;
      return { result, digests: descriptor === undefined ? tags.map(({ digest }) => digest) : [descriptor.digest] };
    });
  }

  async resolve(place: Place, options: ResolveOptions = {}): Promise<Descriptor> {
    return await this.#run({ action: "resolve", reference: textOf(place) }, options, async () => {
      const result = await resolvePlace(this.#context, locationOf(place), options);
      return { result, digests: [result.digest] };
    });
  }

  async tags(place: Place, options: OperationOptions = {}): Promise<readonly string[]> {
    return await this.#run({ action: "tags", reference: textOf(place) }, options, async () => {
      return { result: await tagsOf(this.#context, locationOf(place), options) };
    });
  }

  async tag(reference: string, tags: readonly string[], options: CallOptions = {}): Promise<Descriptor> {
    return await this.#run({ action: "tag", reference }, options, async () => {
      const named = parseNormalizedNamed(reference);
      const repository = this.repository(named);
      const result = await repository.resolve(referenceWithin(named), callOf(options));
      await repository.manifests.tagAll(result, tags, callOf(options));
      return { result, digests: [result.digest] };
    });
  }

  async delete(reference: string, options: CallOptions = {}): Promise<void> {
    await this.#run({ action: "delete", reference }, options, async () => {
      const named = parseNormalizedNamed(reference);
      const { tag, digest } = named;
      const repository = this.repository(named);
      if (digest !== undefined) await repository.manifests.delete(await repository.resolve(digest, callOf(options)), callOf(options));
      else if (tag !== undefined) await repository.untag(tag, callOf(options));
      else throw new InvalidReferenceError(formatReference(named), "expected a tag or digest to delete");
      const digests: readonly Digest[] = digest === undefined ? [] : [digest];
      return { result: undefined, digests };
    });
  }

  repository(reference: string | Named): RemoteRepository {
    return this.#context.origin(typeof reference === "string" ? parseNormalizedNamed(reference) : reference).repository;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#context.sources.flush();
    await this.#context.connections.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run<T>(
    { action, reference, destination }: OperationSubject,
    options: OperationOptions,
    run: () => Promise<{ readonly result: T; readonly digests?: readonly Digest[] }>,
  ): Promise<T> {
    const subject = { action, reference: normalized(reference), ...(destination !== undefined && { destination }) };
    return await runOperation(subject, options, this.#context.options.log, async () => {
      if (this.#isClosed) throw new UnsupportedError(`${action} "${subject.reference}"`, { answer: "the engine is closed" });
      return await run();
    });
  }
}

function textOf(place: Place): string {
  return typeof place === "string" ? place : formatLocation(place);
}

/** A reference as it is meant; other texts as they are. */
function normalized(reference: string): string {
  try {
    return formatLocation(locationOf(reference));
  } catch {
    return reference; // the operation will say what is wrong with it
  }
}
