import type { ScriptedReply, ScriptedRegistry } from "../scripted-registry.ts";
import { endless, type Misbehaviour, PATHS } from "./misbehaviour.ts";

const challenge = (value: string): ScriptedReply => ({ status: 401, headers: { "www-authenticate": value } });
const bearer = (realm: string): ScriptedReply => challenge(`Bearer realm="${realm}",service="s",scope="repository:team/app:pull"`);
const refuseAll = (registry: ScriptedRegistry, reply: ScriptedReply): ScriptedRegistry =>
  registry.on("HEAD", /./, reply).on("GET", /^\/v2\//, reply);
const json = { "content-type": "application/json" };

/** A registry that sends its clients to `/token` on itself, where `answer` waits. */
function realmThat(answer: ScriptedReply | (() => ScriptedReply)): Misbehaviour["arrange"] {
  return (registry) =>
    void refuseAll(registry, bearer(`${registry.url}/token`))
      .on("GET", "/token", answer)
      .on("POST", "/token", answer);
}

/** Challenges that never end, and realms that nobody should send a password to. */
export const CHALLENGE_MISBEHAVIOURS: readonly Misbehaviour[] = [
  { name: "wants a token and refuses every one", ask: "resolve tag", arrange: realmThat({ headers: json, body: '{"token":"abc"}' }) },
  { name: "refuses every password", ask: "resolve tag", arrange: (r) => refuseAll(r, challenge('Basic realm="r"')) },
  { name: "refuses without a challenge", ask: "resolve tag", arrange: (r) => refuseAll(r, { status: 401 }) },
  { name: "wants a scheme that nobody knows", ask: "resolve tag", arrange: (r) => refuseAll(r, challenge("Telepathy")) },
  { name: "wants a token and does not say from where", ask: "resolve tag", arrange: (r) => refuseAll(r, challenge('Bearer service="s"')) },
  {
    name: "names the metadata service of a cloud as its token server",
    ask: "resolve tag",
    arrange: (r) => refuseAll(r, bearer("http://169.254.169.254/token")),
  },
  {
    name: "names a private address as its token server",
    ask: "resolve tag",
    arrange: (r) => refuseAll(r, bearer("http://10.0.0.1/token")),
  },
  { name: "names a file as its token server", ask: "resolve tag", arrange: (r) => refuseAll(r, bearer("file:///etc/passwd")) },
  { name: "names nonsense as its token server", ask: "resolve tag", arrange: (r) => refuseAll(r, bearer("http://[")) },
  {
    name: "has a token server that answers with a page",
    ask: "resolve tag",
    arrange: realmThat({ headers: { "content-type": "text/html" }, body: "<html>Please log in</html>" }),
  },
  { name: "has a token server without tokens", ask: "resolve tag", arrange: realmThat({ headers: json, body: "{}" }) },
  { name: "has a token server that refuses", ask: "resolve tag", arrange: realmThat({ status: 403, headers: json, body: "{}" }) },
  {
    name: "has a token server whose answer never ends",
    ask: "resolve tag",
    arrange: realmThat(() => ({ headers: json, body: endless('{"token":"') })),
  },
  {
    name: "has a token server that sends clients to the metadata service of a cloud",
    ask: "resolve tag",
    arrange: realmThat({ status: 307, headers: { location: "http://169.254.169.254/token" } }),
  },
  {
    name: "has a token server that gives a header in place of a token",
    ask: "resolve tag",
    arrange: realmThat({ headers: json, body: JSON.stringify({ token: "a\r\nx-injected: 1" }) }),
  },
  { name: "has a token server that never answers", ask: "resolve tag", silent: true, arrange: realmThat({ hang: true }) },
  {
    name: "wants a token in the middle of an upload, again and again",
    ask: "push blob",
    arrange: (r) => {
      realmThat({ headers: json, body: '{"token":"abc"}' })(r);
      r.on("POST", PATHS.uploads, { status: 202, headers: { location: PATHS.upload } })
        .on("PATCH", PATHS.upload, bearer(`${r.url}/token`))
        .on("PUT", PATHS.upload, bearer(`${r.url}/token`));
    },
  },
];
