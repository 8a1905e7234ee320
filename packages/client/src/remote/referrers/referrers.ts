import type { CallOptions, Descriptor, ListOptions, Paged, ReferrersOptions } from "@berth/oci";
import type { ResponseHeaders } from "../../transport/transport.ts";

/** Whether a registry has the referrers API: `unknown` until its first answer tells. */
export type ReferrersCapability = "unknown" | "supported" | "unsupported";

/** Options of {@link Referrers.list}. */
export interface ListReferrersOptions extends ReferrersOptions, Pick<ListOptions, "pageSize"> {}

/** A manifest that was just stored, and what the registry said to it. */
export interface PushedManifest {
  readonly descriptor: Descriptor;
  /** The manifest's bytes. */
  readonly bytes: Uint8Array;
  /** Of the answer to the PUT. */
  readonly headers: ResponseHeaders;
}

/**
 * What refers to the manifests of one remote repository: by the registry's own API where it has one, else by indexes under tags that
 * clients keep up to date.
 *
 * @see OCI distribution-spec, "Listing Referrers", "Referrers Tag Schema", "Unavailable Referrers API"
 */
export interface Referrers {
  /**
   * What is known so far: what was said to this object, else what any object for this repository has found out over the same connection.
   */
  readonly capability: ReferrersCapability;
  /**
   * Says whether the registry has the API, so that it is not found out. Saying the same again does nothing.
   *
   * @throws {ReferrersCapabilityError} when the opposite is known already.
   */
  setCapability(supported: boolean): void;
  /** Asks the registry whether it has the API, unless that is known; calls at the same time share one request. @throws {ResponseError} */
  ping(options?: CallOptions): Promise<boolean>;
  /** Lists the manifests whose subject is `subject`. Pages without an entry are left out. */
  list(subject: Descriptor, options?: ListReferrersOptions): Paged<Descriptor>;
  /** The manifests whose subject is `target`, all of them at once. */
  predecessors(target: Descriptor, options?: CallOptions): Promise<readonly Descriptor[]>;
  /**
   * Call after every manifest PUT that succeeded: a manifest with a subject is entered into the index under the subject's tag when the
   * registry does not do it. Calls for one subject at the same time are merged.
   *
   * @throws {ReferrersError} when all went well but the index that was replaced could not be deleted.
   * @throws {ReferrersIndexError} when the index cannot be kept. Whatever is thrown, the manifest itself is stored.
   */
  afterPush(pushed: PushedManifest, options?: CallOptions): Promise<void>;
  /**
   * Call before a manifest is deleted: one with a subject is taken out of the index under the subject's tag, unless the registry has the
   * API. A manifest that does not exist is left for the delete itself to report.
   *
   * @throws {ReferrersError} when an index could not be deleted.
   */
  beforeDelete(target: Descriptor, options?: CallOptions): Promise<void>;
}
