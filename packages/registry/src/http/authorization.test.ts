import { Readable } from "node:stream";
import { createMemoryDriver } from "@berth/storage/memory";
import { expect, test } from "vitest";
import { type Access, AuthUnavailableError, type Authorizer, ChallengeError } from "../auth/authorizer.ts";
import { createBasicAuthorizer } from "../auth/basic.ts";
import { createNoneAuthorizer } from "../auth/none.ts";
import { RegistryError } from "../domain/errors.ts";
import { openSqliteMetadata } from "../metadata/index.ts";
import { untouchable } from "../testing/doubles.test-kit.ts";
import { absentDigest, imageManifest } from "../testing/fixtures.test-kit.ts";
import { expectStatus, useRegistry } from "../testing/harness.test-kit.ts";
import { COMMON_ERRORS } from "./route.ts";
import { ROUTES } from "./routes.ts";

const CHALLENGE = 'Bearer realm="https://auth.example.com/token",service="registry"';

/** Refuses everybody, or grants what `may` says, and notes what was asked. */
function createAuthorizer(may?: (access: Access) => boolean): Authorizer & { readonly asked: (readonly Access[])[] } {
  const asked: (readonly Access[])[] = [];
  return {
    asked,
    authorize(_request, accesses) {
      asked.push(accesses);
      if (may === undefined || !accesses.every(may)) throw new ChallengeError(CHALLENGE, accesses, "no");
      return { user: { name: "bob" }, allows: may };
    },
  };
}

function pathOf(path: string): string {
  return path
    .replace("{name}", "a/b")
    .replace("{reference}", "1.0")
    .replace("{digest}", absentDigest())
    .replace("{uuid}", "018f0000-0000-7000-8000-000000000000");
}

test("[server/L9,L10] every guarded route is refused before storage or metadata is touched", async () => {
  const authorizer = createAuthorizer();
  const metadata = untouchable(await openSqliteMetadata({ path: ":memory:" }), "metadata", ["close", "ping"]);
  const storage = untouchable(createMemoryDriver(), "storage", ["close"]);
  const server = await useRegistry({ authorizer, metadata, storage, exportManifests: false });
  const guarded = ROUTES.filter(({ action }) => action !== "open");
  expect(guarded.length).toBeGreaterThan(15);
  for (const { name, method, path, action } of guarded) {
    const reply = await server.call(method, `${pathOf(path)}?digest=${absentDigest()}&mount=${absentDigest()}&from=c`, {
      body: method === "GET" || method === "HEAD" ? "" : "content",
    });
    expect([reply.status, reply.headers["www-authenticate"]], name).toEqual([401, CHALLENGE]);
    if (method !== "HEAD") expect(reply.code, name).toBe("UNAUTHORIZED");
    expect(COMMON_ERRORS[action]).toContain("UNAUTHORIZED");
  }
  expect(server.log.text()).not.toContain("was touched");
});

test("[server/L9] the accesses asked for follow method and path", async () => {
  const authorizer = createAuthorizer();
  const server = await useRegistry({ authorizer });
  const on = (name: string, ...actions: readonly string[]): readonly Access[] =>
    actions.map((action) => ({ type: "repository", class: "", name, action }));
  const cases: readonly [string, string, readonly Access[]][] = [
    ["GET", "/v2/", []],
    ["GET", "/v2/_catalog", [{ type: "registry", class: "", name: "catalog", action: "*" }]],
    ["GET", "/v2/a/b/tags/list", on("a/b", "pull")],
    ["HEAD", "/v2/a/b/manifests/x", on("a/b", "pull")],
    ["PUT", "/v2/a/b/manifests/x", on("a/b", "pull", "push")],
    ["DELETE", "/v2/a/b/manifests/x", on("a/b", "delete")],
    ["GET", `/v2/a/b/blobs/${absentDigest()}`, on("a/b", "pull")],
    ["DELETE", `/v2/a/b/blobs/${absentDigest()}`, on("a/b", "delete")],
    ["POST", "/v2/a/b/blobs/uploads/", on("a/b", "pull", "push")],
    ["POST", `/v2/a/b/blobs/uploads/?mount=${absentDigest()}&from=c/d`, [...on("a/b", "pull", "push"), ...on("c/d", "pull")]],
    ["PATCH", "/v2/a/b/blobs/uploads/x", on("a/b", "pull", "push")],
    ["PUT", "/v2/a/b/blobs/uploads/x", on("a/b", "pull", "push")],
    ["GET", `/v2/a/b/referrers/${absentDigest()}`, on("a/b", "pull")],
  ];
  for (const [method, path, accesses] of cases) {
    authorizer.asked.length = 0;
    expect((await server.call(method, path)).status, `${method} ${path}`).toBe(401);
    expect(authorizer.asked[0], `${method} ${path}`).toEqual(accesses);
  }
});

test("[server/L10] the body of a 401 lists what was wanted", async () => {
  const server = await useRegistry({ authorizer: createAuthorizer() });
  const reply = await server.call("GET", "/v2/a/b/manifests/x");
  expect(reply.text).toBe(
    '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"a/b","Action":"pull"}]}]}\n',
  );
  expect((await server.call("GET", "/v2/")).detail).toBeUndefined();
});

test("[server/L10] an authorizer that cannot work is 503 with a line in the log", async () => {
  for (const error of [new AuthUnavailableError("down"), new Error("LDAP at ldap://secret")]) {
    const server = await useRegistry({ authorizer: { authorize: () => Promise.reject(error) } });
    const reply = await server.call("GET", "/v2/a/tags/list");
    expect([reply.status, reply.code, reply.headers["retry-after"]], error.message).toEqual([503, "UNAVAILABLE", "5"]);
    expect(reply.text).not.toContain("secret");
    expect(server.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  }
});

test("[server/V1] with `none` everybody may do everything", async () => {
  const authorizer = createNoneAuthorizer();
  const grant = await authorizer.authorize({ authorization: undefined, remoteAddress: "", baseUrl: () => "" }, []);
  expect(grant.user).toBeUndefined();
  expect(grant.allows({ type: "registry", class: "", name: "catalog", action: "*" })).toBe(true);
});

test("[server/V1] Basic credentials are asked for, checked, and name the user in summary and history", async () => {
  const authorizer = createBasicAuthorizer({
    realm: 'Hub "1"',
    authenticator: { authenticate: (user, password) => Promise.resolve(user === "bob" && password === "pass:word") },
  });
  const server = await useRegistry({ authorizer });
  const refused = await server.call("GET", "/v2/");
  expect([refused.status, refused.headers["www-authenticate"]]).toEqual([401, 'Basic realm="Hub \\"1\\""']);
  const basic = (text: string): { authorization: string } => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  const wrong = ["bob:wrong", "eve:pass:word", "bob", ":", ""];
  for (const text of wrong) expect((await server.call("GET", "/v2/", { headers: basic(text) })).status, text).toBe(401);
  for (const authorization of ["Bearer x", "Basic", "Basic !!!", `Basic ${"A".repeat(5000)}`]) {
    expect((await server.call("GET", "/v2/", { headers: { authorization } })).status, authorization.slice(0, 20)).toBe(401);
  }
  const headers = basic("bob:pass:word");
  expect((await server.call("GET", "/v2/", { headers })).status).toBe(200);
  const index = imageManifest({ mediaType: "application/vnd.oci.image.index.v1+json" });
  expect(index.bytes.byteLength).toBeGreaterThan(0);
  const body = '{"schemaVersion":2,"manifests":[]}';
  expectStatus(await server.call("PUT", "/v2/a/manifests/x", { body, headers: { ...headers, "content-type": index.mediaType } }), 201);
  expect((await server.registry.repository("a").tagStore.history("x", 1))[0]).toMatchObject({ operation: "set", actor: "bob" });
  expect(await server.requests.ended("manifest.put")).toMatchObject({ user: "bob", status: 201 });
});

test("[server/L9] an authorizer can deny for good, and ask to slow down", async () => {
  for (const [code, status] of [
    ["DENIED", 403],
    ["TOOMANYREQUESTS", 429],
  ] as const) {
    const server = await useRegistry({ authorizer: { authorize: () => Promise.reject(new RegistryError(code, "no", { detail: "why" })) } });
    const reply = await server.call("GET", "/v2/a/tags/list");
    expect([reply.status, reply.code, reply.detail, reply.headers["www-authenticate"]]).toEqual([status, code, "why", undefined]);
  }
});

test("[server/U3,L9] a mount needs the right to pull the source, and is a session without it", async () => {
  const authorizer = createAuthorizer(({ name }) => name !== "secret");
  const server = await useRegistry({ authorizer });
  const { bytes, digest, descriptor } = imageManifest();
  await server.registry.repository("secret").blobs.push(descriptor, Readable.from([bytes]));
  expect((await server.call("POST", `/v2/a/blobs/uploads/?mount=${digest}&from=secret`)).status).toBe(202);
  expect(authorizer.asked.map((accesses) => accesses.map(({ name, action }) => `${name}:${action}`))).toEqual([
    ["a:pull", "a:push", "secret:pull"],
    ["a:pull", "a:push"],
  ]);
  expect((await server.call("POST", `/v2/a/blobs/uploads/?mount=${digest}`)).status).toBe(202);
  await server.registry.repository("open").blobs.push(descriptor, Readable.from([bytes]));
  expect((await server.call("POST", `/v2/a/blobs/uploads/?mount=${digest}`)).status).toBe(201);
  expect((await server.call("POST", `/v2/b/blobs/uploads/?mount=${digest}&from=open`)).status).toBe(201);
});

test("[server/L9] who may not push either gets the challenge that names the source of the mount too", async () => {
  const server = await useRegistry({ authorizer: createAuthorizer() });
  const reply = await server.call("POST", `/v2/a/blobs/uploads/?mount=${absentDigest()}&from=b`);
  expect([reply.status, reply.detail]).toMatchObject([401, [{ Name: "a" }, { Name: "a" }, { Name: "b", Action: "pull" }]]);
});

test("[server/Z5] the catalog shows only what the caller may pull, page by page", async () => {
  const server = await useRegistry({ authorizer: createAuthorizer(({ type, name }) => type === "registry" || !name.startsWith("hidden")) });
  for (const name of ["a", "hidden1", "hidden2", "hidden3", "z"]) {
    await server.registry
      .repository(name)
      .manifests.put(Buffer.from('{"schemaVersion":2,"manifests":[]}'), "application/vnd.oci.image.index.v1+json", { tags: [] });
  }
  expect((await server.call("GET", "/v2/_catalog")).json).toEqual({ repositories: ["a", "z"] });
  const first = await server.call("GET", "/v2/_catalog?n=1");
  expect([first.json, first.headers["link"]]).toEqual([{ repositories: ["a"] }, '</v2/_catalog?last=a&n=1>; rel="next"']);
  const second = await server.call("GET", "/v2/_catalog?last=a&n=1");
  expect([second.json, second.headers["link"]]).toEqual([{ repositories: ["z"] }, undefined]);
});
