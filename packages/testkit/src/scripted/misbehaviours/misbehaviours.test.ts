import { expect, onTestFinished, test } from "vitest";
import { type Ask, CONTENT, type Misbehaviour, MISBEHAVIOURS, PATHS } from "./index.ts";
import { type ScriptedRegistry, startScriptedRegistry } from "../scripted-registry.ts";

async function start(name: string): Promise<ScriptedRegistry> {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  find(name).arrange(registry);
  return registry;
}

function find(name: string): Misbehaviour {
  const found = MISBEHAVIOURS.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`There is no misbehaviour "${name}"`);
  return found;
}

test("every way to misbehave has a name of its own", () => {
  const names = MISBEHAVIOURS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

const FIRST: Readonly<Record<Ask, readonly [method: string, path: string]>> = {
  ping: ["GET", PATHS.ping],
  "resolve tag": ["HEAD", PATHS.tag],
  "resolve digest": ["HEAD", PATHS.manifest],
  "fetch blob": ["GET", PATHS.blob],
  "fetch blob from offset 4": ["GET", PATHS.blob],
  "fetch manifest by tag": ["GET", PATHS.tag],
  "fetch manifest by digest": ["GET", PATHS.manifest],
  "push blob": ["POST", PATHS.uploads],
  "push blob in chunks": ["POST", PATHS.uploads],
  "mount blob": ["POST", PATHS.uploads],
  "push manifest": ["PUT", PATHS.manifest],
  "list tags": ["GET", PATHS.tags],
  "list repositories": ["GET", PATHS.catalog],
  "list referrers": ["GET", PATHS.referrers],
  "delete manifest": ["DELETE", PATHS.manifest],
};

test.each(MISBEHAVIOURS.filter(({ silent }) => silent !== true))(
  "a registry that $name does so when it is asked",
  async ({ name, ask }) => {
    const registry = await start(name);
    const [method, path] = FIRST[ask];
    const abort = new AbortController();
    const answer = await fetch(registry.url + path, { method, redirect: "manual", signal: abort.signal }).catch(() => undefined);
    const head = await answer?.body?.getReader().read();
    abort.abort();
    expect(Buffer.from(head?.value ?? []).toString()).not.toContain("the script says nothing");
    expect(registry.requests).toHaveLength(1);
  },
);

test("a list without end stops when its reader goes away", async () => {
  const registry = await start("has tags in a list without end");
  const response = await fetch(registry.url + PATHS.tags);
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await registry.answered();
  expect(registry.journal()).toEqual([`GET ${PATHS.tags}`]);
});

test("the content is what its descriptors say", () => {
  const { blob, manifest } = CONTENT;
  expect([blob.descriptor.size, manifest.descriptor.size]).toEqual([blob.bytes.byteLength, manifest.bytes.byteLength]);
});
