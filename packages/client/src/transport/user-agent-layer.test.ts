import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VERSION } from "../version.ts";
import { fakeRequest, fakeTransport } from "./testing/fake-transport.test-kit.ts";
import { composeTransport } from "./transport.ts";
import { userAgentLayer } from "./user-agent-layer.ts";

test.each([
  [undefined, `berth/${VERSION}`],
  ["", `berth/${VERSION}`],
  ["x/1", `x/1 berth/${VERSION}`],
])("[client/C-15] user agent %j is sent as %j, with every request that has none", async (given, sent) => {
  const base = fakeTransport();
  const send = composeTransport(base, userAgentLayer(given));
  await send(fakeRequest("https://reg.test/", { headers: { accept: "a" } }));
  await send(fakeRequest("https://reg.test/", { headers: { "user-agent": "own/2" } }));
  expect(base.requests.map(({ headers }) => headers)).toEqual([{ accept: "a", "user-agent": sent }, { "user-agent": "own/2" }]);
});

test("[client/C-15] the version is that of the package", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(manifest).toMatchObject({ version: VERSION });
});
