import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { imageManifest, type ManifestFixture } from "@berth/testkit/images";
import { type ScriptedRegistry, type ScriptedReply, startScriptedRegistry } from "@berth/testkit/scripted";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ProtocolError, ResponseError } from "../../errors.ts";
import { createConnection } from "../create-connection.ts";
import { createRemoteRepository } from "../create-repository.ts";
import type { RepositoryOptions } from "../repository-options.ts";
import { createReferrers } from "./create-referrers.ts";
import { ReferrersCapabilityError } from "./errors.ts";
import type { Referrers } from "./referrers.ts";

const subject: ManifestFixture = imageManifest();
const one = listed("one", "application/x.sbom");
const two = listed("two", "application/x.signature");
const NOBODY = `sha256:${"0".repeat(64)}`;
const API = `/v2/team/app/referrers/${subject.digest}`;
let registry: ScriptedRegistry;

beforeEach(async () => {
  registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
});

function listed(name: string, artifactType: string): Descriptor {
  const manifest = imageManifest({ subject: subject.descriptor, artifactType, annotations: { name } });
  return { ...manifest.descriptor, artifactType, annotations: { name } };
}

function page(manifests: readonly unknown[], headers: Readonly<Record<string, string>> = {}, extra: object = {}): ScriptedReply {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...extra });
  return { headers: { "content-type": MEDIA_TYPES.ociIndex, ...headers }, body };
}

function refusal(status: number, code: string): ScriptedReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify({ errors: [{ code, message: "no" }] }) };
}

const html: ScriptedReply = { headers: { "content-type": "text/html; charset=utf-8" }, body: "<html>Sign in</html>" };

function open(options?: RepositoryOptions): Referrers {
  return createReferrers(createConnection(registry.host, { plainHttp: true, retry: false }), "team/app", options);
}

async function pagesOf(referrers: Referrers, artifactType?: string): Promise<readonly (readonly Descriptor[])[]> {
  return await Array.fromAsync(referrers.list(subject.descriptor, { ...(artifactType && { artifactType }) }).pages());
}

test("[client/B-32] list() follows pages, leaves empty ones out, and asks for the page size that was set", async () => {
  const next = { link: `</v2/team/app/referrers/${subject.digest}?n=1&last=x>; rel="next"` };
  registry.on("GET", API, page([one], next), page([], next.link ? { link: next.link.replace("=x", "=y") } : {}), page([two]));
  expect(await pagesOf(open({ referrerListPageSize: 1 }))).toEqual([[one], [two]]);
  expect(registry.journal()).toEqual([`GET ${API}?n=1`, `GET ${API}?n=1&last=x`, `GET ${API}?n=1&last=y`]);
});

test("[client/B-32] list() filters what the registry did not filter, and trusts it when it says that it did", async () => {
  const both = [one, two];
  const annotated = page(both, {}, { annotations: { "org.opencontainers.referrers.filtersApplied": "artifactType" } });
  registry.on(
    "GET",
    API,
    page(both),
    page(both, { "oci-filters-applied": "other, artifactType" }),
    annotated,
    page(both, { "oci-filters-applied": "other" }),
  );
  const referrers = open();
  const type = "application/x.sbom";
  expect(await pagesOf(referrers, type)).toEqual([[one]]);
  expect(await pagesOf(referrers, type)).toEqual([both]);
  expect(await pagesOf(referrers, type)).toEqual([both]);
  expect(await pagesOf(referrers, type)).toEqual([[one]]);
  expect(registry.journal()[0]).toBe(`GET ${API}?artifactType=application%2Fx.sbom`);
});

test("[client/B-32,B-33,D-14] an answer that shows there is no API leads to the tag, for ever after", async () => {
  for (const answer of [
    refusal(404, "UNSUPPORTED"),
    { status: 404 },
    { status: 400 },
    { status: 405 },
    { status: 406 },
    { status: 501 },
    html,
  ]) {
    registry.on("GET", API, answer).on("GET", `/v2/team/app/manifests/${subject.digest.replace(":", "-")}`, page([one, two]));
    const referrers = open();
    expect(await pagesOf(referrers, "application/x.signature")).toEqual([[two]]);
    expect(referrers.capability).toBe("unsupported");
    registry.requests.length = 0;
    expect(await pagesOf(referrers)).toEqual([[one, two]]);
    expect(registry.journal()).toEqual([`GET /v2/team/app/manifests/${subject.digest.replace(":", "-")}`]);
  }
});

test("[client/B-32,D-14] refusals, faults and a repository that is not known say nothing about the API", async () => {
  const answers = [refusal(404, "NAME_UNKNOWN"), refusal(401, "UNAUTHORIZED"), refusal(403, "DENIED"), refusal(410, "UNKNOWN")];
  for (const answer of [...answers, { status: 429 }, { status: 500 }, { status: 502 }, { status: 503 }]) {
    registry.on("GET", API, answer);
    const referrers = open();
    await expect(pagesOf(referrers)).rejects.toThrow(ResponseError);
    expect(referrers.capability).toBe("unknown");
  }
});

test("[client/B-33] once the API has answered, its refusal is an error and not a reason to look elsewhere", async () => {
  registry.on("GET", API, page([]), { status: 404 }, html);
  const referrers = open();
  expect(await pagesOf(referrers)).toEqual([]);
  expect(referrers.capability).toBe("supported");
  await expect(pagesOf(referrers)).rejects.toThrow(ResponseError);
  await expect(pagesOf(referrers)).rejects.toThrow(ProtocolError);
});

test("[client/B-33] what was found out is for all objects of one repository over one connection, and for nobody else", async () => {
  registry.on("GET", API, page([]));
  const connection = createConnection(registry.host, { plainHttp: true, retry: false });
  await pagesOf(createReferrers(connection, "team/app"));
  const warned = createRemoteRepository(`${registry.host}/team/app`, { connection, onWarning: () => undefined });
  expect(createReferrers(connection, "team/app").capability).toBe("supported");
  expect(warned.referrersApi.capability).toBe("supported");
  expect(createReferrers(connection, "team/other").capability).toBe("unknown");
  expect(open().capability).toBe("unknown");
});

test("[client/B-33] what was found out about a thousand repositories is remembered, and the oldest forgotten", async () => {
  registry.on("GET", API, page([]));
  const connection = createConnection(registry.host, { plainHttp: true, retry: false });
  await pagesOf(createReferrers(connection, "team/app"));
  for (let number = 0; number < 999; number++) createReferrers(connection, `team/n${number}`);
  expect(createReferrers(connection, "team/app").capability).toBe("supported");
  for (let number = 0; number < 1000; number++) createReferrers(connection, `team/n${number}`);
  expect(createReferrers(connection, "team/app").capability).toBe("unknown");
});

test("[client/B-34] setCapability() takes the same twice and refuses the opposite, naming both", () => {
  const referrers = open();
  referrers.setCapability(true);
  referrers.setCapability(true);
  expect(referrers.capability).toBe("supported");
  expect(() => referrers.setCapability(false)).toThrow(ReferrersCapabilityError);
  expect(() => referrers.setCapability(false)).toThrow('Cannot set referrers capability to "unsupported": it is "supported" already');
});

test("[client/B-34] a capability that was set is not found out", async () => {
  registry.on("GET", `/v2/team/app/manifests/${subject.digest.replace(":", "-")}`, page([one]));
  const referrers = open();
  referrers.setCapability(false);
  expect(await referrers.ping()).toBe(false);
  expect(await pagesOf(referrers)).toEqual([[one]]);
  expect(registry.journal().some((line) => line.includes("/referrers/"))).toBe(false);
});

test("[client/B-35] ping() tells by one request, shared by calls at the same time, and remembers", async () => {
  const path = `/v2/team/app/referrers/${NOBODY}`;
  for (const [answer, expected] of [
    [page([]), true],
    [html, false],
    [{ status: 404 }, false],
    [{ status: 405 }, false],
  ] as const) {
    registry.on("GET", path, answer);
    registry.requests.length = 0;
    const referrers = open();
    expect(await Promise.all([referrers.ping(), referrers.ping(), referrers.ping()])).toEqual([expected, expected, expected]);
    expect(await referrers.ping()).toBe(expected);
    expect(registry.journal()).toEqual([`GET ${path}`]);
  }
});

test("[client/B-35] ping() fails without learning anything when the repository is not known or the registry refuses", async () => {
  const path = `/v2/team/app/referrers/${NOBODY}`;
  registry.on("GET", path, refusal(404, "NAME_UNKNOWN"), refusal(403, "DENIED"), page([]));
  const referrers = open();
  await expect(referrers.ping()).rejects.toThrow(ResponseError);
  await expect(referrers.ping()).rejects.toThrow(ResponseError);
  expect(referrers.capability).toBe("unknown");
  expect(await referrers.ping()).toBe(true);
});

test("[client/B-35] a caller that leaves takes only itself out of a ping", async () => {
  const gate = Promise.withResolvers<void>();
  registry.on("GET", `/v2/team/app/referrers/${NOBODY}`, { ...page([]), after: gate.promise });
  const referrers = open();
  const leaving = new AbortController();
  const left = referrers.ping({ signal: leaving.signal });
  const stays = referrers.ping();
  const reason = new Error("enough");
  leaving.abort(reason);
  await expect(left).rejects.toBe(reason);
  gate.resolve();
  expect(await stays).toBe(true);
});

test("[client/B-24] predecessors() gives all pages at once", async () => {
  registry.on("GET", API, page([one], { link: `<?last=x>; rel=next` }), page([two]));
  expect(await open().predecessors(subject.descriptor)).toEqual([one, two]);
});

test("[client/B-32] a list that leads in a circle or has too many pages is an error", async () => {
  registry.on("GET", API, page([one], { link: `<?last=x>; rel="next"` }));
  await expect(pagesOf(open())).rejects.toMatchObject({ code: "ERR_INVALID_LINK" });
  await expect(pagesOf(open({ referrerListMaxPages: 1 }))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});

test("[client/B-32] a page that is too large is an error", async () => {
  registry.on("GET", API, page([one, two]));
  await expect(pagesOf(open({ maxMetadataBytes: 100 }))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});
