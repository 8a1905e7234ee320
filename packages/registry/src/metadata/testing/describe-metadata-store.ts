import { describe } from "vitest";
import { describeBlobs } from "./describe-blobs.ts";
import { describeManifests } from "./describe-manifests.ts";
import { describeQueues } from "./describe-queues.ts";
import { describeRaces } from "./describe-races.ts";
import { describeReferrers } from "./describe-referrers.ts";
import { describeRepositories } from "./describe-repositories.ts";
import { describeSchema } from "./describe-schema.ts";
import { describeTags } from "./describe-tags.ts";
import { describeUploads } from "./describe-uploads.ts";
import { benchTest, type MetadataStoreSuite } from "./metadata-harness.ts";

/** The contract of `MetadataStore`, sentence by sentence, against one implementation. */
export function describeMetadataStore(name: string, suite: MetadataStoreSuite): void {
  const title = suite.unshared === undefined ? name : `${name} (one connection: ${suite.unshared})`;
  describe(`MetadataStore on ${title}`, () => {
    const withBench = benchTest(suite);
    describeRepositories(withBench);
    describeBlobs(withBench);
    describeManifests(withBench);
    describeReferrers(withBench);
    describeTags(withBench);
    describeUploads(withBench);
    describeQueues(withBench);
    describeRaces(withBench);
    describeSchema(withBench);
  });
}
