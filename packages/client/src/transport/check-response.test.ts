import { inspect } from "node:util";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { ERROR_CODES } from "@berth/oci";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { hasErrorCode, isDenied, isNotFound, isRateLimited, isUnauthorized, ResponseError } from "../errors.ts";
import { checkResponse } from "./check-response.ts";
import { errorLayer } from "./error-layer.ts";
import { composeTransport, type Transport, type TransportRequest, type TransportResponse } from "./transport.ts";
import { createUndiciTransport } from "./undici-transport.ts";

interface Answer {
  readonly status: number;
  readonly body?: string | Readable;
  readonly headers?: TransportResponse["headers"];
  readonly method?: string;
  readonly url?: string;
  readonly attempts?: number;
}

function answer({
  status,
  body = "",
  headers = {},
  method = "GET",
  url = "https://reg.test/v2/a/manifests/b",
  ...rest
}: Answer): TransportResponse {
  const request: TransportRequest = { method, url: new URL(url), headers: {}, operation: "fetch manifest" };
  return { status, headers, body: typeof body === "string" ? Readable.from([Buffer.from(body)]) : body, request, ...rest };
}

async function thrown(from: Answer, expected: readonly number[] = [200]): Promise<ResponseError> {
  return checkResponse(answer(from), expected).then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => (error instanceof ResponseError ? error : expect.unreachable(String(error))),
  );
}

const body = (...errors: readonly unknown[]): string => JSON.stringify({ errors });

test("[client/C-16] a listed status passes, untouched", async () => {
  const response = answer({ status: 202, body: "kept" });
  expect(await checkResponse(response, [201, 202])).toBe(response);
  expect(response.body.readableDidRead).toBe(false);
});

test("[client/C-16,X-9,A-14] an error says who answered what, keeps body, headers and codes, and hides secrets of the URL", async () => {
  const error = await thrown({
    status: 404,
    url: "https://user:pass@reg.test/v2/a/blobs/x?_state=secret&digest=sha256:1&scope=s",
    body: body({ code: "MANIFEST_UNKNOWN", message: "no such manifest", detail: { Tag: "b" } }),
    headers: { "x-request-id": "r-1", "retry-after": "7" },
    attempts: 3,
  });
  expect(error.message).toBe(
    'Cannot fetch manifest: "reg.test" answered 404 Not Found: manifest unknown: no such manifest; check the name, tag or digest',
  );
  expect(error).toMatchObject({
    code: "ERR_RESPONSE",
    operation: "fetch manifest",
    method: "GET",
    url: "https://reg.test/v2/a/blobs/x?_state=REDACTED&digest=sha256:1&scope=s",
    status: 404,
    errors: [{ code: "MANIFEST_UNKNOWN", message: "no such manifest", detail: { Tag: "b" } }],
    requestId: "r-1",
    retryAfterMs: 7000,
    attempts: 3,
    retryable: false,
    headers: { "x-request-id": "r-1" },
  });
  expect(Buffer.from(error.body).toString()).toContain("no such manifest");
  expect([isNotFound(error), isUnauthorized(error), hasErrorCode(error, "MANIFEST_UNKNOWN")]).toEqual([true, false, true]);
  expect(hasErrorCode(new Error("outer", { cause: error }), "MANIFEST_UNKNOWN")).toBe(true);
});

test("[client/X-9] an error prints neither body nor headers, which it has all the same", async () => {
  const error = await thrown({ status: 500, body: "x".repeat(50_000), headers: { "set-cookie": "session=hunter2" } });
  expect([error.body.byteLength, error.headers]).toEqual([50_000, { "set-cookie": "session=hunter2" }]);
  for (const text of [inspect(error, { depth: 10 }), JSON.stringify(error)]) {
    expect(text).not.toContain("hunter2");
    expect(text.length).toBeLessThan(4000);
  }
});

test.each([
  [{ status: 401 }, [false, true, false, false]],
  [{ status: 403 }, [false, false, true, false]],
  [{ status: 404 }, [true, false, false, false]],
  [{ status: 429 }, [false, false, false, true]],
  [{ status: 400, body: body({ code: "DENIED" }) }, [false, false, true, false]],
])("[client/X-9] %j is told apart by helpers", async (from, expected) => {
  const error = await thrown(from);
  expect([isNotFound, isUnauthorized, isDenied, isRateLimited].map((is) => is(error))).toEqual(expected);
});

test("[client/B-66,C-16] a body that is no error body gives no codes; the message has the reason phrase and quotes what fits", async () => {
  const plain = await thrown({ status: 500, body: "boom\n  at line 1", headers: { "x-request-id": "r" } });
  expect([plain.errors, plain.message]).toEqual([
    [],
    'Cannot fetch manifest: "reg.test" answered 500 Internal Server Error (request id "r"): "boom at line 1"; the registry failed: its log says more',
  ]);
  const html = await thrown({ status: 403, body: "<!DOCTYPE html><h1>Sign in</h1>", headers: { "content-type": "text/html" } });
  expect(html.message).toContain("answered 403 Forbidden: an HTML page, so perhaps a proxy or a login page and no registry");
  const token = await thrown({ status: 400, body: '{"access_token":"s3cret","error":"x"}' });
  expect(token.message).toContain('"{"access_token":"REDACTED","error":"x"}"');
});

test("[client/B-66] several errors are all in the message, codes in words", async () => {
  const error = await thrown({ status: 400, body: body({ code: "NAME_INVALID", message: "m1" }, { code: "TAG_INVALID", message: "m2" }) });
  expect(error.message).toContain("400 Bad Request: name invalid: m1; tag invalid: m2");
});

test("[client/C-16] a failed HEAD says that there is no body", async () => {
  const error = await thrown({ status: 401, method: "HEAD" });
  expect(error.message).toBe(
    'Cannot fetch manifest: "reg.test" answered 401 Unauthorized: an answer to HEAD has no body that would say why; log in, or check the credentials',
  );
  const absent = await thrown({ status: 404, method: "HEAD" });
  expect(absent.message).toBe('Cannot fetch manifest: "reg.test" answered 404 Not Found; check the name, tag or digest');
});

test("a success that was not expected says what was", async () => {
  expect((await thrown({ status: 200 }, [201, 202])).message).toBe(
    'Cannot fetch manifest: "reg.test" answered 200 OK, expected 201 or 202',
  );
});

test.each([
  [429, [], true],
  [404, [], false],
  [501, [], false],
  [503, [], true],
  [404, ["BLOB_UPLOAD_INVALID"], true],
  [500, ["UNKNOWN", "UNAVAILABLE", "TOOMANYREQUESTS"], true],
  [500, ["UNKNOWN", "DENIED"], false],
])("[client/C-18] status %i with codes %j is temporary: %s", async (status, codes, temporary) => {
  expect((await thrown({ status, body: codes.length > 0 ? body(...codes.map((code) => ({ code }))) : "" })).retryable).toBe(temporary);
});

test("[client/C-19] every known code has its row, and unknown ones pass as they came", async () => {
  const named = [
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DENIED",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "MANIFEST_UNVERIFIED",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "TAG_INVALID",
    "TOOMANYREQUESTS",
    "UNAUTHORIZED",
    "UNAVAILABLE",
    "UNKNOWN",
    "UNSUPPORTED",
  ];
  const known = [...ERROR_CODES.keys()];
  expect(named.filter((code) => !known.some((one) => one === code))).toEqual([]);
  const error = await thrown({ status: 400, body: body({ code: "QUOTA_GONE", message: "m" }) });
  expect(error.errors[0]?.code).toBe("QUOTA_GONE");
});

test("[client/A-13,D-13] every status from 400 is thrown, after a bounded read, and the connection is used again", async () => {
  const scripted = await startScriptedRegistry();
  onTestFinished(() => scripted.close());
  scripted.on("GET", "/ok", { status: 399 }).on("GET", "/small", { status: 404, body: "x".repeat(100_000) });
  const base = createUndiciTransport({ maxConnectionsPerHost: 1 });
  onTestFinished(() => base.close());
  const send = composeTransport(base, errorLayer());
  const get = (path: string): Promise<TransportResponse> => send({ method: "GET", url: new URL(path, scripted.url), headers: {} });
  const error = await get("/small").catch((caught: unknown) => caught);
  expect(error).toMatchObject({ status: 404, body: { byteLength: 65_536 } });
  const passed = await get("/ok");
  expect(passed.status).toBe(399);
  passed.body.resume();
});

test("[client/A-13,D-13] an error body without an end is cut off", async () => {
  const server = createServer((_message, response) => {
    response.writeHead(500);
    Readable.from(endless()).pipe(response);
    response.on("close", () => closed.resolve());
  });
  const closed = Promise.withResolvers<void>();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const base = createUndiciTransport();
  onTestFinished(() => base.close());
  const response = await base({ method: "GET", url: new URL(`http://127.0.0.1:${port}/`), headers: {} });
  await expect(checkResponse(response, [200])).rejects.toMatchObject({ status: 500, body: { byteLength: 65_536 } });
  await closed.promise;
});

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.alloc(16_384, "x");
}

test("[client/A-8] layers run from the outside in: a 401 that a layer below answers is never an error above", async () => {
  const seen: string[] = [];
  const base: Transport = async (request) => {
    seen.push(`base ${request.headers["authorization"] ?? "-"}`);
    return { ...answer({ status: request.headers["authorization"] === "Bearer t" ? 200 : 401 }), request };
  };
  const send = composeTransport(
    base,
    errorLayer(),
    (inner) => (request) => inner({ ...request, headers: { ...request.headers, authorization: "Basic b" } }),
    (inner) => async (request) => {
      const first = await inner(request);
      return first.status === 401 ? inner({ ...request, headers: { ...request.headers, authorization: "Bearer t" } }) : first;
    },
  );
  const response = await send({ method: "GET", url: new URL("https://reg.test/"), headers: {} });
  expect([response.status, seen]).toEqual([200, ["base Basic b", "base Bearer t"]]);
});
