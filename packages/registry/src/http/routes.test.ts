import { ERROR_CODES, errorCodeDescriptor, type OciErrorCode } from "@berth/oci";
import { StorageThrottledError } from "@berth/storage";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ChallengeError } from "../auth/authorizer.ts";
import type { CreateRegistryOptions } from "../create-registry.ts";
import { RegistryError } from "../domain/errors.ts";
import { MetadataUnavailableError, openSqliteMetadata } from "../metadata/index.ts";
import type { MetadataStore } from "../metadata/store.ts";
import { type RegistryServer, startRegistry, useRegistry } from "../testing/harness.test-kit.ts";
import { documentedStatuses, PROVOCATIONS, type Provocation, seed } from "../testing/provocations.test-kit.ts";
import type { Reply } from "../testing/reply.test-kit.ts";
import { COMMON_ERRORS, type Route } from "./route.ts";
import { ROUTES } from "./routes.ts";

let shared: RegistryServer;

beforeAll(async () => {
  shared = await startRegistry();
  await seed(shared);
  return () => shared.close();
});

/** A registry of the row's options, filled. */
async function serverFor({ options }: Provocation): Promise<RegistryServer> {
  if (options === undefined) return shared;
  const server = await startRegistry(options());
  onTestFinished(() => server.close());
  await seed(server).catch(() => undefined); // limits of the row may be in the way of what it does not need
  return server;
}

function expectError(reply: Reply, route: Route, code: OciErrorCode, status = errorCodeDescriptor(code).status): void {
  expect(reply.status, `${route.name} ${code}: ${reply.text}`).toBe(status);
  expect(Number(reply.headers["content-length"])).toBeGreaterThan(0);
  if (route.method === "HEAD") expect(reply.body.byteLength).toBe(0);
  else expect(reply.code).toBe(code);
}

describe("each row of the routes table", () => {
  for (const route of ROUTES) {
    const rows = PROVOCATIONS.filter((row) => row.route === route.name);

    test(`${route.name} has a provocation for each status and error that it lists, and no other`, () => {
      expect(new Set(rows.map(({ gives }) => gives))).toEqual(new Set([...route.successes, ...route.errors]));
    });

    test.each(rows)(`[server/R1] ${route.name} gives $gives`, async (row) => {
      const reply = await row.run(await serverFor(row));
      if (typeof row.gives === "number") expect(reply.status, reply.text).toBe(row.gives);
      else expectError(reply, route, row.gives, row.status);
      if (route.method === "HEAD") expect(reply.body.byteLength).toBe(0);
    });
  }
});

/** A request to the route that would succeed. */
function wellFormed(route: Route): Provocation {
  const row = PROVOCATIONS.find(
    ({ route: name, gives, options }) => name === route.name && typeof gives === "number" && options === undefined,
  );
  if (row === undefined) throw new Error(`no success of ${route.name} is provoked`);
  return row;
}

/** Everything works, until the switch is on: then every call to metadata fails. */
async function breakable(error: Error): Promise<{ readonly options: CreateRegistryOptions; readonly breakNow: () => void }> {
  const metadata = await openSqliteMetadata({ path: ":memory:" });
  let broken = false;
  const proxy = new Proxy(metadata, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      return broken && key !== "close" ? () => Promise.reject(error) : value.bind(target);
    },
  });
  return { options: { metadata: proxy satisfies MetadataStore }, breakNow: () => (broken = true) };
}

describe("the errors that routes share", () => {
  const refusing = (error: Error): CreateRegistryOptions => ({ authorizer: { authorize: () => Promise.reject(error) } });
  const atTheDoor: readonly [OciErrorCode, Error][] = [
    ["UNAUTHORIZED", new ChallengeError('Basic realm="x"', [], "no")],
    ["DENIED", new RegistryError("DENIED", "no")],
    ["TOOMANYREQUESTS", new RegistryError("TOOMANYREQUESTS", "slow down")],
    ["UNAVAILABLE", new Error("the directory is down")],
  ];
  for (const [code, error] of atTheDoor) {
    test(`[server/R2,L10,O28] ${code} by the authorizer, of every guarded route`, async () => {
      const server = await useRegistry(refusing(error));
      for (const route of ROUTES) {
        const listed = COMMON_ERRORS[route.action].includes(code);
        expect(listed, route.name).toBe(route.action !== "open");
        if (!listed) continue;
        const reply = await server.call(route.method, requestPath(route));
        expectError(reply, route, code);
        expect(reply.headers["retry-after"]).toBe(code === "UNAVAILABLE" || code === "TOOMANYREQUESTS" ? "5" : undefined);
      }
    });
  }

  const inside: readonly [OciErrorCode, Error][] = [
    ["UNKNOWN", new Error("a bug")],
    ["UNAVAILABLE", new MetadataUnavailableError("down")],
    ["TOOMANYREQUESTS", new StorageThrottledError({ driver: "x", path: "/secret", retryAfterMs: 1500 })],
  ];
  for (const [code, error] of inside) {
    test(`[server/L11,R2,O28] ${code} by what lies behind`, async () => {
      for (const route of ROUTES.filter(({ action }) => action !== "open" && action !== "base")) {
        expect(COMMON_ERRORS[route.action]).toContain(code);
        const { options, breakNow } = await breakable(error);
        const server = await startRegistry(options);
        try {
          await seed(server);
          breakNow();
          const reply = await server.call(route.method, requestPath(route), bodyOf(route));
          expectError(reply, route, code);
          expect(reply.headers["retry-after"]).toBe(code === "UNKNOWN" ? undefined : code === "UNAVAILABLE" ? "5" : "2");
          expect(reply.text).not.toMatch(/secret|bug/);
        } finally {
          await server.close();
        }
      }
    });
  }

  test("[server/R3,L5] NAME_INVALID of every route with a name", async () => {
    for (const route of ROUTES.filter(({ path }) => path.includes("{name}"))) {
      expect(COMMON_ERRORS[route.action]).toContain("NAME_INVALID");
      const path = requestPath(route).replace("seeded/name", "Bad..Name");
      expectError(await shared.call(route.method, path), route, "NAME_INVALID");
    }
  });
});

/** A path of the route on which something is there, as far as that needs no preparation. */
function requestPath(route: Route): string {
  const parameters: Readonly<Record<string, string>> = {
    name: "seeded/name",
    reference: "tag",
    digest: DIGEST,
    uuid: "018f0000-0000-7000-8000-000000000000",
  };
  const query = route.name === "upload.commit" ? `?digest=${DIGEST}` : "";
  return route.path.replace(/\{(\w+)\}/g, (_, key: string) => parameters[key] ?? "") + query;
}

const DIGEST = `sha256:${"0".repeat(64)}`;

function bodyOf(route: Route): { readonly body?: string; readonly headers?: Record<string, string> } {
  if (route.name === "manifest.put")
    return { body: '{"schemaVersion":2,"manifests":[]}', headers: { "content-type": "application/vnd.oci.image.index.v1+json" } };
  return route.method === "PATCH" || route.method === "PUT" ? { body: "content" } : {};
}

describe("all routes", () => {
  test("[server/L4] a method that a path does not know is 405 with Allow and a JSON body", async () => {
    const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];
    for (const path of new Set(ROUTES.map((route) => route.path))) {
      const known = ROUTES.filter((route) => route.path === path);
      const [first] = known;
      if (first === undefined) continue;
      const answers = async (method: string): Promise<void> => {
        const reply = await shared.call(method, requestPath(first));
        expect([reply.status, reply.headers["allow"], reply.headers["content-type"]], `${method} ${path}`).toEqual([
          405,
          known.map((route) => route.method).join(", "),
          "application/json",
        ]);
        if (method !== "HEAD") expect(reply.code).toBe("UNSUPPORTED");
      };
      for (const method of methods) if (!known.some((route) => route.method === method)) await answers(method);
    }
  });

  test("[server/O20] HEAD answers as GET does, without the body", async () => {
    const changing = new Set(["date", "connection", "keep-alive"]);
    const steady = (reply: Reply): unknown =>
      Object.entries(reply.headers).filter(([name]) => !changing.has(name) && name !== "x-request-id");
    for (const head of ROUTES.filter(({ method }) => method === "HEAD")) {
      const get = ROUTES.find(({ method, path }) => method === "GET" && path === head.path);
      expect(get, head.name).toBeDefined();
      for (const path of [requestPath(head), requestPath(head).replace(DIGEST, "sha256:x")]) {
        const [one, two] = [await shared.call("GET", path), await shared.call("HEAD", path)];
        expect([two.status, two.body.byteLength], path).toEqual([one.status, 0]);
        expect(steady(two), path).toEqual(steady(one));
      }
      expect((await wellFormed(head).run(shared)).body.byteLength).toBe(0);
    }
  });

  test("no route answers a status that it does not list", async () => {
    await shared.requests.ended("manifest.put");
    for (const { route: name, status, url } of shared.requests.all) {
      const route = ROUTES.find((one) => one.name === name);
      if (route === undefined) {
        expect([400, 404, 405], url).toContain(status);
        continue;
      }
      const errors = [...route.errors, ...COMMON_ERRORS[route.action]].map((code) => errorCodeDescriptor(code).status);
      expect([...documentedStatuses(route, errors)], `${name} ${url}`).toContain(status);
    }
  });

  test("names are unique, and every route has a summary and a group", () => {
    expect(new Set(ROUTES.map(({ name }) => name)).size).toBe(ROUTES.length);
    for (const { summary, group } of ROUTES) expect([summary.length > 5, group.length > 3]).toEqual([true, true]);
  });
});

/** Rows of the error table that this server never sends, and why. */
const NEVER_SENT: Readonly<Partial<Record<OciErrorCode, string>>> = {
  MANIFEST_UNVERIFIED: "signatures of schema 1 are checked on import and by the client; a push of schema 1 is refused as MANIFEST_INVALID",
};

test("[server/R2,R3,O27] every row of the error table is provoked, or is never sent for a reason", () => {
  const sent = new Set<string>(ROUTES.flatMap((route) => [...route.errors, ...COMMON_ERRORS[route.action]]));
  for (const code of ERROR_CODES.keys()) expect([code, sent.has(code)]).toEqual([code, NEVER_SENT[code] === undefined]);
});
