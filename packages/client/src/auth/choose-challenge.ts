import type { Challenge } from "@berth/oci";
import { type RealmRules, realmProblem } from "./realm.ts";

/**
 * The challenge that is answered: a `Bearer` one with a token server that may be asked, else `Basic`, else a `Bearer` one whose token server
 * is refused, so that the error can say why. Undefined when there is none of these. With `disableBasic` no `Basic` is answered.
 */
export function chooseChallenge(
  challenges: readonly Challenge[],
  registry: URL,
  rules: RealmRules & { readonly disableBasic?: boolean },
): Challenge | undefined {
  const bearers = challenges.filter(({ scheme }) => scheme === "bearer");
  const trusted = bearers.find(({ parameters }) => {
    const realm = URL.parse(parameters.get("realm") ?? "");
    return realm !== null && realmProblem(registry, realm, rules) === undefined;
  });
  const basic = rules.disableBasic === true ? undefined : challenges.find(({ scheme }) => scheme === "basic");
  return trusted ?? basic ?? bearers[0];
}
