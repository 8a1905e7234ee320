import { NetworkError, ResponseError } from "@berth/client";
import { DigestMismatchError, InvalidManifestError, LimitExceededError, ManifestUnknownError, SchemaV1UnsupportedError } from "@berth/oci";
import { expect, test } from "vitest";
import { imageOf, startFake } from "../copy/copy.test-kit.ts";
import { CopyError } from "../copy/errors.ts";
import { TransferFailedError } from "../manager/errors.ts";
import { answering, engineError, engineWith } from "./engine.test-kit.ts";
import { type EndpointFailure, FALL_THROUGH, failureKind, overEndpoints } from "./fall-through.ts";
import { type Endpoint, endpointsFor } from "./hosts.ts";

const request = { operation: "fetch manifest", method: "GET", url: "https://r.test/v2/a/manifests/x" };
const answer = (status: number, code?: string): ResponseError =>
  new ResponseError("Cannot", { ...request, status, errors: code === undefined ? [] : [{ code, message: "" }] });
const coded = (code: string): Error => Object.assign(new Error(code), { code });
const atSource = (cause: unknown): CopyError => new CopyError("fetch", "source", undefined, cause);

test.each<[row: string, error: unknown, kind: EndpointFailure, next: { readonly mirror: boolean; readonly origin: boolean }]>([
  [
    "no connection",
    new NetworkError("Cannot", { ...request, cause: coded("ECONNREFUSED") }),
    "unreachable",
    { mirror: true, origin: true },
  ],
  ["no TLS", new NetworkError("Cannot", { ...request, cause: coded("CERT_HAS_EXPIRED") }), "unreachable", { mirror: true, origin: true }],
  [
    "no time",
    new NetworkError("Cannot", { ...request, cause: coded("UND_ERR_CONNECT_TIMEOUT") }),
    "unreachable",
    { mirror: true, origin: true },
  ],
  ["UNAUTHORIZED", answer(401, "UNAUTHORIZED"), "refused", { mirror: true, origin: false }],
  [
    "MANIFEST_UNKNOWN",
    new ManifestUnknownError({ repository: "a", tag: "x" }, { cause: answer(404, "MANIFEST_UNKNOWN") }),
    "refused",
    { mirror: true, origin: false },
  ],
  ["NAME_UNKNOWN", answer(404, "NAME_UNKNOWN"), "refused", { mirror: true, origin: false }],
  ["DENIED", answer(403, "DENIED"), "refused", { mirror: true, origin: false }],
  ["UNSUPPORTED", answer(405, "UNSUPPORTED"), "refused", { mirror: true, origin: false }],
  ["TOOMANYREQUESTS", answer(429, "TOOMANYREQUESTS"), "refused", { mirror: true, origin: false }],
  ["an unexpected status", answer(500), "status", { mirror: true, origin: false }],
  [
    "an unexpected status, tried again and again",
    new TransferFailedError([atSource(answer(502))]),
    "status",
    { mirror: true, origin: false },
  ],
  ["a config that cannot be fetched", atSource(answer(404, "BLOB_UNKNOWN")), "refused", { mirror: true, origin: false }],
  ["an unsupported media type", new SchemaV1UnsupportedError(), "media-type", { mirror: false, origin: false }],
  ["an unsupported media type, by status", answer(415), "media-type", { mirror: false, origin: false }],
  ["a malformed manifest", new InvalidManifestError("no"), "other", { mirror: true, origin: false }],
  ["another digest", atSource(new DigestMismatchError({ expected: "a", actual: "b" })), "other", { mirror: true, origin: false }],
  ["a manifest that is too large", new LimitExceededError({ what: "manifest", limit: 1 }), "other", { mirror: true, origin: false }],
  ["anything else", new Error("what"), "other", { mirror: true, origin: false }],
  ["a full disk", atSource(coded("ENOSPC")), "destination", { mirror: false, origin: false }],
  [
    "a destination that refuses",
    new TransferFailedError([new CopyError("push", "destination", undefined, answer(403))]),
    "destination",
    { mirror: false, origin: false },
  ],
  ["an abort", AbortSignal.abort().reason, "canceled", { mirror: false, origin: false }],
  ["a deadline", new DOMException("late", "TimeoutError"), "canceled", { mirror: false, origin: false }],
])("[engine/T7] after %s", async (_, error, kind, next) => {
  expect(failureKind(error)).toBe(kind);
  const verdict = FALL_THROUGH[kind];
  expect({ mirror: verdict !== "stop", origin: verdict === "next" }).toEqual(next);
  const [mirror, origin] = endpointsFor("r.test", "pull", { "r.test": { mirrors: ["m.test"] } });
  const asked = async (endpoints: readonly (Endpoint | undefined)[]): Promise<number> => {
    let count = 0;
    const attempt = async (): Promise<never> => {
      count++;
      throw error;
    };
    await overEndpoints(
      endpoints.filter((one) => one !== undefined),
      attempt,
      { registry: "r.test" },
    ).catch(() => undefined);
    return count;
  };
  expect(await asked([mirror, origin])).toBe(next.mirror ? 2 : 1);
  expect(await asked([origin, mirror])).toBe(next.origin ? 2 : 1);
});

test("[engine/T6] a mirror answers 500, then the registry 404: the error is the registry's, of class NotFound", async () => {
  const [mirror, origin] = [await startFake({ answer: answering(500) }), await startFake({ answer: answering(404, "MANIFEST_UNKNOWN") })];
  const engine = engineWith({ hosts: { [origin.host]: { mirrors: [`http://${mirror.host}`] } } });
  const reference = `${origin.host}/a:v1`;
  for (const run of [() => engine.pull(reference), () => engine.resolve(reference), () => engine.copy(reference, `${origin.host}/b:v1`)]) {
    expect(await engineError(run())).toMatchObject({ class: "NotFound", status: 404, registry: origin.host, hint: { kind: "list-tags" } });
  }
  expect(await engineError(engine.tags(reference))).toMatchObject({ class: "NotFound", code: "MANIFEST_UNKNOWN", registry: origin.host });
});

test("[engine/T7] a mirror that lies about a blob is left for the registry, with a warning; the registry that lies ends it", async () => {
  const image = imageOf(1);
  const [mirror, origin] = [await startFake(), await startFake()];
  for (const one of [mirror, origin]) one.put("a", image, "v1");
  const layer = image.blobs[1]?.descriptor.digest ?? "";
  const spoil = (registry: typeof mirror): void =>
    void registry.blobs.set(`a ${layer}`, Buffer.alloc(image.blobs[1]?.bytes.byteLength ?? 0));
  spoil(mirror);
  const warnings: unknown[] = [];
  const engine = engineWith({
    hosts: { [origin.host]: { mirrors: [`http://${mirror.host}`] } },
    onWarning: ({ failure }) => warnings.push(failure),
  });
  expect(await engine.pull(`${origin.host}/a:v1`)).toMatchObject([{ endpoint: origin.host }]);
  expect(warnings).toEqual(["other"]);
  spoil(origin);
  expect(await engineError(engineWith().pull(`${origin.host}/a:v1`))).toMatchObject({ class: "DigestMismatch" });
});

test("[engine/T6] a registry that cannot be reached is heard before a mirror that lacks the content", async () => {
  const endpoints = endpointsFor("r.test", "pull", { "r.test": { mirrors: ["m.test"] } });
  const errors = [answer(404, "MANIFEST_UNKNOWN"), new NetworkError("Cannot", { ...request, cause: coded("ECONNREFUSED") })];
  const warnings: string[] = [];
  let at = 0;
  const trying = overEndpoints(endpoints, async () => Promise.reject(errors[at++]), {
    registry: "r.test",
    onWarning: ({ endpoint }) => warnings.push(endpoint),
  });
  await expect(trying).rejects.toBe(errors[1]);
  expect(warnings).toEqual(["m.test"]); // the last one is the error
});

test("[engine/T6] where no registry was asked, the mirror that came furthest is heard", async () => {
  const [one, two] = endpointsFor("r.test", "pull", { "r.test": { mirrors: ["m.test", "n.test"] } });
  const mirrors = [one, two].filter((endpoint) => endpoint !== undefined);
  const errors = [answer(404, "MANIFEST_UNKNOWN"), new NetworkError("Cannot", { ...request, cause: coded("ECONNREFUSED") })];
  let at = 0;
  const trying = overEndpoints(mirrors, async () => Promise.reject(errors[at++]), { registry: "r.test" });
  await expect(trying).rejects.toBe(errors[0]);
  await expect(overEndpoints([], async () => 1, { registry: "r.test" })).rejects.toThrow("no endpoint");
});
