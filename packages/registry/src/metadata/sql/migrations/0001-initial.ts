import type { Dialect } from "../dialect.ts";

/**
 * The first schema. Times are milliseconds since 1970 UTC. Some choices that the statements rely on:
 *
 * - Uploads keep the repository's name, not its id: a session alone must not make a repository exist.
 * - References keep digests, not ids of blobs: an id would go stale when a blob is collected and pushed again. They repeat the
 *   repository's id, so that "who names this digest here" is one look-up, however popular the digest is elsewhere.
 * - Links repeat the repository's name, so that the repositories of a blob are listed in order, page by page.
 * - `payload` is the last column of its table, so that reading the others never touches its pages.
 * - "Does any repository still need this payload's file" is asked of exported manifests only: the others will write it again. So a push
 *   does not pay for that index.
 * - A deleted repository gets a name that no client can ask for; its rows are removed in batches.
 */
export function initialSchema({ text, integer, bytes, identity, table, clustered }: Dialect): string {
  return `
CREATE TABLE repositories (
  id ${identity},
  name ${text} NOT NULL UNIQUE,
  created_at ${integer} NOT NULL,
  deleted_at ${integer},
  class ${text},
  settings_json ${text}
) ${table};
CREATE INDEX repositories_deleted ON repositories (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE blobs (
  id ${identity},
  canonical ${text} NOT NULL UNIQUE,
  size ${integer} NOT NULL,
  state ${text} NOT NULL CHECK (state IN ('live', 'deleting')),
  generation ${integer} NOT NULL,
  storage_key ${text} NOT NULL,
  created_at ${integer} NOT NULL,
  touched_at ${integer} NOT NULL
) ${table};

CREATE TABLE blob_digests (
  digest ${text} NOT NULL PRIMARY KEY,
  blob_id ${integer} NOT NULL REFERENCES blobs (id) ON DELETE CASCADE
) ${clustered};
CREATE INDEX blob_digests_blob ON blob_digests (blob_id);

CREATE TABLE repo_blobs (
  repo_id ${integer} NOT NULL REFERENCES repositories (id),
  blob_id ${integer} NOT NULL REFERENCES blobs (id),
  digest_pushed ${text} NOT NULL,
  repository ${text} NOT NULL,
  linked_at ${integer} NOT NULL,
  PRIMARY KEY (repo_id, blob_id)
) ${clustered};
CREATE INDEX repo_blobs_digest ON repo_blobs (repo_id, digest_pushed);
CREATE INDEX repo_blobs_blob ON repo_blobs (blob_id, repository);

CREATE TABLE manifests (
  id ${identity},
  repo_id ${integer} NOT NULL REFERENCES repositories (id),
  digest ${text} NOT NULL,
  media_type ${text} NOT NULL,
  size ${integer} NOT NULL,
  artifact_type ${text},
  config_media_type ${text},
  subject_digest ${text},
  annotations_json ${text},
  pushed_at ${integer} NOT NULL,
  pushed_by ${text},
  last_pulled_at ${integer},
  exported ${integer} NOT NULL,
  payload ${bytes} NOT NULL,
  UNIQUE (repo_id, digest)
) ${table};
CREATE INDEX manifests_exported ON manifests (digest) WHERE exported = 1;
CREATE INDEX manifests_subject ON manifests (repo_id, subject_digest, id) WHERE subject_digest IS NOT NULL;
CREATE INDEX manifests_subject_type ON manifests (repo_id, subject_digest, artifact_type, id) WHERE subject_digest IS NOT NULL;
CREATE INDEX manifests_unexported ON manifests (id) WHERE exported = 0;

CREATE TABLE manifest_refs (
  manifest_id ${integer} NOT NULL REFERENCES manifests (id) ON DELETE CASCADE,
  position ${integer} NOT NULL,
  repo_id ${integer} NOT NULL,
  kind ${text} NOT NULL CHECK (kind IN ('config', 'layer', 'child', 'subject')),
  digest ${text} NOT NULL,
  media_type ${text} NOT NULL,
  size ${integer} NOT NULL,
  platform_json ${text},
  urls_json ${text},
  PRIMARY KEY (manifest_id, position)
) ${clustered};
CREATE INDEX manifest_refs_digest ON manifest_refs (repo_id, digest, manifest_id);

CREATE TABLE tags (
  repo_id ${integer} NOT NULL REFERENCES repositories (id),
  name ${text} NOT NULL,
  manifest_id ${integer} NOT NULL REFERENCES manifests (id) ON DELETE CASCADE,
  updated_at ${integer} NOT NULL,
  immutable ${integer} NOT NULL DEFAULT 0,
  expires_at ${integer},
  PRIMARY KEY (repo_id, name)
) ${clustered};
CREATE INDEX tags_manifest ON tags (manifest_id, name);

CREATE TABLE tag_history (
  id ${identity},
  repo_id ${integer} NOT NULL REFERENCES repositories (id),
  name ${text} NOT NULL,
  digest ${text} NOT NULL,
  op ${text} NOT NULL CHECK (op IN ('set', 'delete')),
  at ${integer} NOT NULL,
  actor ${text}
) ${table};
CREATE INDEX tag_history_tag ON tag_history (repo_id, name, id);

CREATE TABLE uploads (
  id ${text} NOT NULL PRIMARY KEY,
  repository ${text} NOT NULL,
  size ${integer} NOT NULL,
  version ${integer} NOT NULL,
  hash_alg ${text} NOT NULL,
  hash_state ${bytes},
  driver_state ${text},
  storage_key ${text} NOT NULL,
  started_at ${integer} NOT NULL,
  updated_at ${integer} NOT NULL,
  expires_at ${integer} NOT NULL,
  lease_owner ${text},
  lease_until ${integer}
) ${clustered};
CREATE INDEX uploads_expiry ON uploads (expires_at, id);
CREATE INDEX uploads_repository ON uploads (repository);

CREATE TABLE gc_blob_queue (
  blob_id ${integer} NOT NULL PRIMARY KEY REFERENCES blobs (id) ON DELETE CASCADE,
  review_after ${integer} NOT NULL,
  attempts ${integer} NOT NULL DEFAULT 0,
  reason ${text} NOT NULL
) ${table};
CREATE INDEX gc_blob_queue_due ON gc_blob_queue (review_after);

CREATE TABLE gc_manifest_queue (
  manifest_id ${integer} NOT NULL PRIMARY KEY REFERENCES manifests (id) ON DELETE CASCADE,
  review_after ${integer} NOT NULL,
  attempts ${integer} NOT NULL DEFAULT 0,
  reason ${text} NOT NULL
) ${table};
CREATE INDEX gc_manifest_queue_due ON gc_manifest_queue (review_after);

CREATE TABLE pending_deletes (
  storage_key ${text} NOT NULL PRIMARY KEY,
  canonical ${text} NOT NULL,
  generation ${integer} NOT NULL,
  not_before ${integer} NOT NULL,
  attempts ${integer} NOT NULL DEFAULT 0
) ${table};
CREATE INDEX pending_deletes_due ON pending_deletes (not_before);
CREATE INDEX pending_deletes_blob ON pending_deletes (canonical, generation);

CREATE TABLE outbox (
  id ${identity},
  endpoint ${text} NOT NULL,
  event_id ${text} NOT NULL,
  payload ${text} NOT NULL,
  created_at ${integer} NOT NULL,
  next_at ${integer} NOT NULL,
  attempts ${integer} NOT NULL DEFAULT 0,
  lease_until ${integer}
) ${table};
CREATE INDEX outbox_endpoint ON outbox (endpoint, id);

CREATE TABLE endpoints_state (
  endpoint ${text} NOT NULL PRIMARY KEY,
  failures ${integer} NOT NULL,
  open_until ${integer}
) ${table};
`;
}
