import { describe, expect, test } from "vitest";
import { staticCredentials } from "../credentials/static-credentials.ts";
import { fakeRequest } from "../transport/testing/fake-transport.test-kit.ts";
import { authLayer } from "./auth-layer.ts";
import { type FakeRegistry, fakeRegistry, MANIFEST } from "./testing/fake-registry.test-kit.ts";

const BASIC = `Basic ${Buffer.from("u:p").toString("base64")}`;
const USER = { username: "u", password: "p" };

/** A token server that gives refresh tokens, and stops to take them when told to. */
function refreshing(): FakeRegistry & { taken: boolean; journalOfTokens(): readonly string[] } {
  const state = { taken: true };
  const registry = fakeRegistry({
    accepts: (one) => one !== "",
    token: ({ method }, count) =>
      method === "POST" && !state.taken
        ? { status: 400, body: '{"error":"invalid_grant"}' }
        : { body: JSON.stringify({ access_token: `t${count}`, refresh_token: `r${count}`, expires_in: 60 }) },
  });
  const journalOfTokens = (): readonly string[] => registry.journal().filter((line) => line.includes("auth.test"));
  return Object.assign(state, { ...registry, journalOfTokens });
}

describe("refresh tokens", () => {
  test("[client/D-8,C-8] a refresh token that came takes the place of the credential", async () => {
    const registry = refreshing();
    const send = authLayer({ credentials: staticCredentials("r.test", USER), now: registry.now })(registry.transport);
    for (let i = 0; i < 3; i++) {
      await send(fakeRequest(MANIFEST));
      registry.pass(60);
    }
    const form = "client_id=berth&service=r.test&scope=repository:a/b:pull";
    expect(registry.journalOfTokens()).toEqual([
      `GET auth.test ${BASIC} service=r.test&scope=repository:a/b:pull`,
      `POST auth.test -  grant_type=refresh_token&${form}&refresh_token=r1`,
      `POST auth.test -  grant_type=refresh_token&${form}&refresh_token=r2`,
    ]);
  });

  test("[client/D-8] one that is refused is forgotten, and the credential proves us again", async () => {
    const registry = refreshing();
    const send = authLayer({ credentials: staticCredentials("r.test", USER), now: registry.now })(registry.transport);
    await send(fakeRequest(MANIFEST));
    registry.pass(60);
    registry.taken = false;
    expect((await send(fakeRequest(MANIFEST))).status).toBe(200);
    expect(registry.journalOfTokens().map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      "GET auth.test Basic",
      "POST auth.test -",
      "GET auth.test Basic",
    ]);
  });

  test("[client/D-8] one that came with one credential is not used for another", async () => {
    const registry = refreshing();
    const credentials = async ({ repository = "" }): Promise<typeof USER> => ({ username: repository, password: "p" });
    const send = authLayer({ credentials, now: registry.now })(registry.transport);
    await send(fakeRequest(MANIFEST));
    await send(fakeRequest("https://r.test/v2/c/d/manifests/1"));
    expect(registry.journalOfTokens().map((line) => line.split(" ")[0])).toEqual(["GET", "GET"]);
  });

  test("[client/B-47] an identity token that is refused is an error: there is nothing else to prove us with", async () => {
    const registry = refreshing();
    registry.taken = false;
    const send = authLayer({ credentials: staticCredentials("r.test", { refreshToken: "id" }), now: registry.now })(registry.transport);
    await expect(send(fakeRequest(MANIFEST))).rejects.toThrow('the token server "auth.test" answered 400 (invalid_grant)');
  });
});
