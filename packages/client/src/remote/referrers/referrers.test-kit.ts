import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { imageManifest, type ManifestFixture, manifestOf } from "@berth/testkit/images";
import {
  type ScriptedManifests,
  type ScriptedManifestsOptions,
  type ScriptedRegistry,
  scriptManifests,
  startScriptedRegistry,
} from "@berth/testkit/scripted";
import { onTestFinished } from "vitest";
import { createConnection } from "../create-connection.ts";
import type { RepositoryOptions } from "../repository-options.ts";
import { createReferrers } from "./create-referrers.ts";
import type { Referrers } from "./referrers.ts";

/** What is attached to. */
export const subject: ManifestFixture = imageManifest();
/** Its referrers tag. */
export const TAG: string = subject.digest.replace(":", "-");
/** Where the index is. */
export const TAG_PATH: string = `/v2/team/app/manifests/${TAG}`;
/** An index without entries. */
export const EMPTY: ManifestFixture = manifestOf(
  { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] },
  MEDIA_TYPES.ociIndex,
);

/** A scripted registry without the referrers API. */
export interface Setup {
  readonly registry: ScriptedRegistry;
  readonly manifests: ScriptedManifests;
  open(options?: RepositoryOptions): Referrers;
}

/** Starts one for one test. */
export async function setUp(options?: ScriptedManifestsOptions): Promise<Setup> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  const manifests = scriptManifests(registry, "team/app", options);
  const open = (more?: RepositoryOptions): Referrers =>
    createReferrers(createConnection(registry.host, { plainHttp: true, retry: false }), "team/app", more);
  return { registry, manifests, open };
}

/** An artifact that refers to {@link subject}. */
export function attachment(name: string): ManifestFixture {
  return imageManifest({ subject: subject.descriptor, artifactType: "application/x.sbom", annotations: { name } });
}

/** What an index says about an {@link attachment}. */
export function entry({ descriptor }: ManifestFixture, name: string): Descriptor {
  return { ...descriptor, artifactType: "application/x.sbom", annotations: { name } };
}

/** The JSON of an index. */
export function index(manifests: readonly unknown[], more: object = {}): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...more });
}

/** Tells of a push. */
export async function push(referrers: Referrers, manifest: ManifestFixture, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  await referrers.afterPush({ descriptor: manifest.descriptor, bytes: manifest.bytes, headers });
}

/** The digests of what refers to {@link subject}. */
export async function digestsListed(referrers: Referrers): Promise<readonly string[]> {
  return (await referrers.predecessors(subject.descriptor)).map((one) => one.digest);
}
