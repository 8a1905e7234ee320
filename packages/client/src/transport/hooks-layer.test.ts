import { expect, test } from "vitest";
import { requestBody } from "./body.ts";
import { hooksLayer, type RequestEvent, type ResponseEvent } from "./hooks-layer.ts";
import { failureOfCall, fakeRequest, fakeTransport } from "./testing/fake-transport.test-kit.ts";
import { composeTransport } from "./transport.ts";

test("[client/X-10,X-8] requests and responses are told with sizes, times and limits, without secrets", async () => {
  const requests: RequestEvent[] = [];
  const responses: ResponseEvent[] = [];
  const failed = new Error("cut");
  const headers = { "content-type": "text/plain", "content-length": "4", "ratelimit-remaining": "3" };
  const base = fakeTransport({ status: 201, headers, body: "done" }, { error: failed });
  const layer = hooksLayer({ onRequest: (event) => requests.push(event), onResponse: (event) => responses.push(event) });
  const send = composeTransport(base, layer);
  const put = fakeRequest("https://u:p@reg.test/x?_state=s&digest=d", {
    method: "PUT",
    operation: "push blob",
    headers: { authorization: "Bearer s3cret" },
    body: requestBody("12345"),
  });
  await send(put);
  expect(await failureOfCall(send(fakeRequest("https://reg.test/y")))).toBe(failed);
  const first = { id: 1, operation: "push blob", method: "PUT", url: "https://reg.test/x?_state=REDACTED&digest=d", bodySize: 5 };
  const second = { id: 2, operation: "send GET request", method: "GET", url: "https://reg.test/y" };
  expect(requests).toEqual([first, second]);
  expect(responses).toEqual([
    { ...first, durationMs: expect.any(Number), status: 201, contentType: "text/plain", contentLength: 4, rateLimit: { remaining: 3 } },
    { ...second, durationMs: expect.any(Number), error: failed },
  ]);
  expect(JSON.stringify([requests, responses])).not.toMatch(/s3cret|u:p/);
});
