import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { afterEach, beforeEach, expect, test } from "vitest";
import { berth, type Ran } from "../testing/run-berth.ts";

let folder: string;
let registry: ScriptedRegistry;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-token-servers-"));
  registry = await startScriptedRegistry();
});

afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

/** Lists tags of a registry whose token server is there. */
async function ls(realm: string, config = "", flags: readonly string[] = []): Promise<Ran> {
  const bearer = { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}",service="s"` } };
  registry
    .on("GET", "/v2/", bearer)
    .on("GET", "/v2/a/tags/list", ({ headers }) => (headers["authorization"] ? { body: '{"tags":["v1"]}' } : bearer));
  const file = join(folder, "config.yml");
  writeFileSync(file, config);
  return await berth(["ls", "--retries", "0", ...flags, `${registry.host}/a`], { env: { DOCKER_CONFIG: folder, BERTH_CONFIG: file } });
}

test("a token server that answers a page is told with what it says, and nobody is told to sign in", async () => {
  const { host, url } = registry;
  registry.on("GET", "/token", { headers: { "content-type": "text/html" }, body: "<html><title>Sign in to our Wi-Fi</title></html>" });
  expect(await ls(`${url}/token`)).toEqual({
    code: 7,
    stdout: "",
    stderr: `berth: Cannot get token for "${host}": the token server "${host}" answered without a token: text/html, "Sign in to our Wi-Fi"; a proxy, or a page to sign in to the network, may stand in front of it\n`,
  });
});

test("a token server that is not trusted is named with the key that says it is", async () => {
  const { host } = registry;
  const at = `10.255.255.1:${host.split(":")[1]}`;
  registry.on("GET", "/token", { body: '{"token":"t"}' });
  const refused = await ls(`http://${at}/token`);
  expect(refused).toMatchObject({ code: 3, stdout: "" });
  expect(refused.stderr).toContain(`the token server "${at}" is refused: it is an address of this machine or of a private network\n`);
  expect(refused.stderr).toContain(`hint: name it in trustedRealms of "${host}" in the config file, if it is yours: berth help env\n`);
  const config = `registries: {"${host}": {trustedRealms: ["${at}"]}}\n`;
  expect(await ls(`http://${at}/token`, config, ["--resolve", `${at}:127.0.0.1`])).toEqual({ code: 0, stdout: "v1\n", stderr: "" });
});
