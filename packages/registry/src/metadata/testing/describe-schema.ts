import { describe, expect } from "vitest";
import { digestOf, longDigestOf, pushBlob, REPOSITORY } from "./fixtures.ts";
import type { BenchTest } from "./metadata-harness.ts";

/** Rows that other programs and parts to come read: their columns and what the database itself refuses. */
export function describeSchema(test: BenchTest): void {
  describe("rows", () => {
    test("[server/SQ4] a link says which blob a repository holds, as what it was pushed, and since when; each once", async ({
      store,
      clock,
      rows,
      change,
    }) => {
      await pushBlob(store, "layer", { digest: longDigestOf("layer") });
      clock.now += 5;
      await pushBlob(store, "layer");
      await store.mountBlob({ repository: "other", from: REPOSITORY, digest: digestOf("layer") });
      const links = await rows(
        `SELECT r.name, b.canonical, l.digest_pushed, l.linked_at FROM repo_blobs l
         JOIN repositories r ON r.id = l.repo_id JOIN blobs b ON b.id = l.blob_id ORDER BY r.name`,
      );
      expect(links).toEqual([
        { name: "other", canonical: digestOf("layer"), digest_pushed: digestOf("layer"), linked_at: clock.now },
        { name: REPOSITORY, canonical: digestOf("layer"), digest_pushed: longDigestOf("layer"), linked_at: clock.now - 5 },
      ]);
      await expect(change("INSERT INTO repo_blobs SELECT * FROM repo_blobs")).rejects.toThrow();
      await expect(change("UPDATE repo_blobs SET blob_id = blob_id + 1000")).rejects.toThrow();
    });

    test("[server/SQ10] events wait in the order in which they were written, for each endpoint, with its state beside", async ({
      rows,
      change,
    }) => {
      const insert = "INSERT INTO outbox (endpoint, event_id, payload, created_at, next_at) VALUES ($1, $2, $3, $4, $4)";
      for (const event of ["1", "2", "3"])
        for (const endpoint of ["a", "b"]) await change(insert, endpoint, event, `{"id":"${event}"}`, 10);
      const waiting = await rows(
        "SELECT event_id, payload, attempts, lease_until FROM outbox WHERE endpoint = $1 AND id > $2 ORDER BY id",
        "b",
        0,
      );
      expect(waiting).toEqual(
        ["1", "2", "3"].map((event) => ({ event_id: event, payload: `{"id":"${event}"}`, attempts: 0, lease_until: null })),
      );
      await change("DELETE FROM outbox");
      await change(insert, "a", "4", "{}", 11);
      expect(await rows("SELECT id FROM outbox WHERE id > $1", 6)).toHaveLength(1); // an id is never given out twice
      await change("INSERT INTO endpoints_state (endpoint, failures) VALUES ($1, $2)", "a", 1);
      await expect(change("INSERT INTO endpoints_state (endpoint, failures) VALUES ($1, $2)", "a", 2)).rejects.toThrow();
      expect(await rows("SELECT endpoint, failures, open_until FROM endpoints_state")).toEqual([
        { endpoint: "a", failures: 1, open_until: null },
      ]);
    });
  });
}
