import type { Annotations } from "@berth/oci";
import type { ReferrerRecord } from "../records.ts";
import { manifestSummary } from "./manifests.ts";
import { optionalTextOf, type SqlRow, type Statement, statement } from "./statement.ts";

const REFERRERS = `SELECT m.id, m.digest, m.media_type, m.size, m.artifact_type, m.annotations_json FROM manifests m
  WHERE m.repo_id = (SELECT id FROM repositories WHERE name = $1) AND m.subject_digest = $2 AND m.id > $3`;

type ReferrerStatementName = "list" | "listOfType";

/** Statements of this file, for the test of their plans. */
export const referrerStatements: Readonly<Record<ReferrerStatementName, Statement>> = {
  list: statement("referrer.list", `${REFERRERS} ORDER BY m.id LIMIT $4`),
  listOfType: statement("referrer.list-of-type", `${REFERRERS} AND m.artifact_type = $5 ORDER BY m.id LIMIT $4`),
};

/** Reads a row of either statement. */
export function referrerRecord(row: SqlRow): ReferrerRecord {
  const annotations = optionalTextOf(row, "annotations_json");
  return {
    ...manifestSummary(row),
    artifactType: optionalTextOf(row, "artifact_type"),
    annotations: annotations === undefined ? undefined : parseAnnotations(annotations),
  };
}

/** We wrote the text ourselves, from values of this very type. */
function parseAnnotations(text: string): Annotations {
  return JSON.parse(text) as Annotations;
}
