import type { Challenge } from "@berth/oci";
import { type RealmRules, realmProblem } from "./realm.ts";

/**
 * The challenge that is answered: a `Bearer` one with a token server that may be asked, else `Basic`, else a `Bearer` one whose token server
 * is refused, so that the error can say why. Undefined when there is none of these.
 */
export function chooseChallenge(challenges: readonly Challenge[], registry: URL, rules: RealmRules): Challenge | undefined {
  const bearers = challenges.filter(({ scheme }) => scheme === "bearer");
  const trusted = bearers.find(({ parameters }) => {
    const realm = URL.parse(parameters.get("realm") ?? "");
    return realm !== null && realmProblem(registry, realm, rules) === undefined;
  });
  return trusted ?? challenges.find(({ scheme }) => scheme === "basic") ?? bearers[0];
}
