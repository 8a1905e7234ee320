import { expect, test } from "vitest";
import type { AuthRequest } from "./authorizer.ts";
import { createSillyAuthorizer } from "./silly.ts";

test("[server/V4] any Authorization passes as silly; without one there is a challenge", async () => {
  const silly = createSillyAuthorizer({ realm: "R", service: "S" });
  const request = (authorization: string | undefined): AuthRequest => ({
    authorization,
    remoteAddress: "192.0.2.1",
    baseUrl: () => "http://x",
  });
  const wanted = { type: "repository", class: "", name: "a/b", action: "pull" };
  const grant = await silly.authorize(request("whatever"), [wanted]);
  expect([grant.user, grant.allows(wanted)]).toEqual([{ name: "silly" }, true]);
  for (const none of [undefined, ""]) {
    const asking = async (): Promise<unknown> => await silly.authorize(request(none), [wanted, { ...wanted, action: "push" }]);
    await expect(asking()).rejects.toMatchObject({ challenge: 'Bearer realm="R",service="S",scope="repository:a/b:pull,push"' });
  }
});
