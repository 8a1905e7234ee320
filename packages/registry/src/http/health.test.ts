import { createMemoryDriver } from "@berth/storage/memory";
import { expect, test } from "vitest";
import { MetadataSchemaError, openSqliteMetadata } from "../metadata/index.ts";
import { replacing } from "../testing/doubles.test-kit.ts";
import { useRegistry } from "../testing/harness.test-kit.ts";

const SECRET = "/srv/private is on fire";

test("[server/H8] /livez and /readyz answer without credentials, and neither is cached", async () => {
  const server = await useRegistry({ authorizer: { authorize: () => Promise.reject(new Error("asked")) } });
  for (const path of ["/livez", "/readyz"]) {
    const reply = await server.call("GET", path);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toEqual({ status: "ok" });
    expect(reply.headers["cache-control"]).toBe("no-store");
  }
});

test("[server/H8] a registry whose metadata or storage is away is not ready, yet alive, and ready again when they are back", async () => {
  const parts = { metadata: await openSqliteMetadata({ path: ":memory:" }), storage: createMemoryDriver() };
  const away = new Set<string>();
  const failing = (part: string): Promise<void> => (away.has(part) ? Promise.reject(new Error(SECRET)) : Promise.resolve());
  const server = await useRegistry({
    metadata: replacing(parts.metadata, { ping: () => failing("metadata") }),
    storage: replacing(parts.storage, {
      list: async (path) => {
        await failing("storage");
        return await parts.storage.list(path);
      },
    }),
  });
  for (const part of ["metadata", "storage"]) {
    away.add(part);
    const reply = await server.call("GET", "/readyz");
    expect([reply.status, reply.code], part).toEqual([503, "UNAVAILABLE"]);
    expect(reply.headers["retry-after"]).toBe("5");
    expect(reply.text).not.toContain(SECRET);
    expect(server.log.text()).toContain(SECRET);
    expect((await server.call("GET", "/livez")).status).toBe(200);
    away.clear();
    expect((await server.call("GET", "/readyz")).status).toBe(200);
  }
});

test("[server/H8] a registry over a schema of a newer version is not ready", async () => {
  const metadata = await openSqliteMetadata({ path: ":memory:" });
  const server = await useRegistry({
    metadata: replacing(metadata, { ping: () => Promise.reject(new MetadataSchemaError({ found: 9, known: 1 })) }),
  });
  expect((await server.call("GET", "/readyz")).status).toBe(503);
});
