import { rm } from "node:fs/promises";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { expectStatus, useRegistry } from "../testing/harness.test-kit.ts";
import { Unharmed } from "../testing/unharmed.test-kit.ts";

const SESSIONS = 5000;
const CLIENTS = 50;

test("[server/D16,O21] thousands of sessions, opened and abandoned, cost little and go with one sweep", async () => {
  const disk = await useDisk();
  const server = await useRegistry(await disk.open());
  await server.pushBlob("a", "content");
  const unharmed = await Unharmed.watch(server, disk);
  const paths: string[] = [];
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (let n = 0; n < SESSIONS / CLIENTS; n++) paths.push(await server.startUpload("a"));
    }),
  );
  expect(new Set(paths).size).toBe(SESSIONS);
  expect(await disk.files(), "a session without bytes has no file").toHaveLength(1);
  for (const path of paths.slice(0, 20)) expectStatus(await server.call("PATCH", path, { body: "abandoned" }), 202);
  expect((await disk.files()).length).toBe(21);

  const now = new Date(Date.now() + 169 * 3_600_000);
  expect(await server.registry.sweep({ now, dryRun: true })).toMatchObject({ expiredUploads: SESSIONS });
  expect(await server.registry.sweep({ now })).toMatchObject({ expiredUploads: SESSIONS });
  expect(await server.registry.sweep({ now })).toMatchObject({ expiredUploads: 0, strayUploads: [] });
  for (const path of [...paths.slice(0, 25), ...paths.slice(-5)]) expect((await server.call("GET", path)).code).toBe("BLOB_UPLOAD_UNKNOWN");
  await unharmed.check();
});

test("[server/U14] two clients on one session: one goes on at a time, and what both agree on is the truth", async () => {
  const disk = await useDisk();
  const server = await useRegistry(await disk.open());
  const session = await server.startUpload("a");
  const content = "0123456789".repeat(20);
  let refused = 0;
  const client = async (): Promise<void> => {
    for (;;) {
      const offset = Number((await server.call("GET", session)).headers["berth-upload-offset"]);
      if (offset >= content.length) return;
      const chunk = content.slice(offset, offset + 10);
      const reply = await server.call("PATCH", session, {
        body: chunk,
        headers: { "content-range": `${offset}-${offset + chunk.length - 1}` },
      });
      expect([202, 416]).toContain(reply.status);
      if (reply.status === 416) refused++;
    }
  };
  await Promise.all([client(), client(), client()]);
  expect(refused).toBeGreaterThan(0);
  const digest = digestOf(content);
  const commits = await Promise.all([1, 2, 3].map(() => server.call("PUT", `${session}?digest=${digest}`)));
  expect(commits.filter(({ status }) => status === 201)).toHaveLength(1);
  for (const { status } of commits) expect([201, 404, 416]).toContain(status);
  expect((await server.call("GET", `/v2/a/blobs/${digest}`)).text).toBe(content);
  await expect.poll(() => disk.files()).toHaveLength(1);
});

test("[server/U12] DELETE during PATCH ends both well", async () => {
  const disk = await useDisk();
  const server = await useRegistry(await disk.open());
  const session = await server.startUpload("a");
  const writer = await server.raw();
  writer.write(`PATCH ${session} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n`);
  await writer.until(/100 Continue/);
  writer.write("01234");
  expectStatus(await server.call("DELETE", session), 204);
  writer.write("56789");
  await writer.until(/BLOB_UPLOAD_UNKNOWN/);
  expect(writer.received).toContain("HTTP/1.1 404");
  writer.destroy();
  await expect.poll(() => disk.files()).toEqual([]);
});

test("[server/R5,L12] errors from below reach clients without a word of where things are", async () => {
  const disk = await useDisk();
  const server = await useRegistry(await disk.open());
  const digest = await server.pushBlob("a", "x".repeat(100_000));
  await rm(`${disk.root}/storage`, { recursive: true });
  for (const [method, path] of [
    ["GET", `/v2/a/blobs/${digest}`],
    ["GET", `/v2/a/manifests/../../x`],
  ] as const) {
    const { text } = await server.call(method, path);
    expect(text).not.toContain(disk.root);
    expect(text).not.toContain("docker/registry");
    expect(text).toContain('{"errors":[{"code":');
  }
});
