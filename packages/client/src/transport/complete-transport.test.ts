import { expect, test } from "vitest";
import { completeTransport, completeWith, isCompleteTransport } from "./complete-transport.ts";
import { retryLayer } from "./retry-layer.ts";
import { fakeClock } from "./testing/fake-clock.test-kit.ts";
import { fakeRequest, fakeTransport } from "./testing/fake-transport.test-kit.ts";

test("[client/C-5] a complete transport gets no layers: one request a call on 500", async () => {
  const base = completeTransport(fakeTransport({ status: 500 }));
  const send = completeWith(base, retryLayer({ clock: fakeClock() }));
  expect(send).toBe(base);
  expect((await send(fakeRequest("https://reg.test/"))).status).toBe(500);
  expect(base.requests.length).toBe(1);
});

test("[client/C-5] what was completed once is not completed again, and its base stays as it was", async () => {
  const base = fakeTransport({ status: 500 });
  const layer = retryLayer({ clock: fakeClock() });
  const send = completeWith(base, layer);
  expect([isCompleteTransport(send), isCompleteTransport(base), completeWith(send, layer)]).toEqual([true, false, send]);
  await send(fakeRequest("https://reg.test/"));
  expect(base.requests.length).toBe(6);
  expect(isCompleteTransport(completeWith(base))).toBe(true);
  expect(isCompleteTransport(base)).toBe(false);
});
