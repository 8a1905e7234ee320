import { staticCredentials } from "@berth/client";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { pushGraph, Random, randomIndex } from "@berth/testkit/images";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import {
  createEngine,
  createMemoryStore,
  type Engine,
  type EngineOptions,
  type EndpointWarning,
  openSourceStore,
  toEngineError,
} from "@berth/transfer";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { clientOf } from "./support/client.ts";
import { type RunningServer, type Server, SERVERS } from "./support/servers.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const PLATFORMS = [AMD64, { os: "linux", architecture: "arm64" }];

/** An engine that gets into a server, unless told otherwise. */
function engineFor(server: RunningServer, options: EngineOptions = {}): Engine {
  const { user, tls, host } = server;
  const http = tls && { tls: { ca: tls.ca, ...(tls.client && { cert: tls.client.cert, key: tls.client.key }) } };
  return createEngine({
    platform: AMD64,
    connection: { ...(user && { credentials: staticCredentials(host, user) }), ...(http && { http }) },
    ...options,
  });
}

/** The class of the error that a promise is rejected with; undefined when it is not. */
async function classOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return toEngineError(error).class;
  }
}

for (const server of SERVERS) describeWithParts(`the engine over ${server.name}`, server.needs, () => engine(server));

function engine(server: Server): void {
  const index = randomIndex(new Random(7), PLATFORMS);
  const engines: Engine[] = [];
  let running: RunningServer;
  let scratch: Scratch;
  const start = (options?: EngineOptions): Engine => {
    const made = engineFor(running, options);
    engines.push(made);
    return made;
  };

  beforeAll(async () => {
    scratch = await createScratch();
    running = await server.start();
    const client = clientOf(running);
    await pushGraph(client.repository("team/a"), index, "v1");
    await client.close();
  });
  afterEach(async () => {
    for (const one of engines.splice(0)) await one.close();
  });
  afterAll(async () => {
    await running?.stop();
    await scratch?.remove();
  });

  test("[engine/T2] what is pulled whole and pushed elsewhere keeps its digests", async () => {
    const contentStore = createMemoryStore();
    const one = start({ contentStore });
    const [pulled] = await one.pull(`${running.host}/team/a:v1`, { platform: "all" });
    expect(pulled).toMatchObject({ digest: index.manifest.digest, outcome: "updated", endpoint: running.host });
    for (const tag of ["v1", "v2", "latest"]) await contentStore.tag(index.manifest.descriptor, `${running.host}/other/b:${tag}`);
    const pushed = await one.push(`${running.host}/other/b`);
    expect(pushed.map(({ tag, digest }) => [tag, digest])).toEqual(["latest", "v1", "v2"].map((tag) => [tag, index.manifest.digest]));
    expect((await one.tags(`${running.host}/other/b`)).toSorted()).toEqual(["latest", "v1", "v2"]);
    expect(await one.push(`${running.host}/other/b:v1`)).toMatchObject([{ outcome: "unchanged" }]);
  });

  test("[engine/T23] a later process mounts what an earlier one saw, and sends no blob", async () => {
    const file = scratch.join("sources.json");
    const contentStore = createMemoryStore();
    const first = start({ contentStore, sources: openSourceStore(file) });
    await first.pull(`${running.host}/team/a:v1`);
    const sent: string[] = [];
    const hooks = { onRequest: ({ method, url }: { method: string; url: string }) => void sent.push(`${method} ${new URL(url).pathname}`) };
    const { user, tls, host } = running;
    const later = start({
      contentStore,
      sources: openSourceStore(file),
      connection: {
        hooks,
        ...(user && { credentials: staticCredentials(host, user) }),
        ...(tls && { http: { tls: { ca: tls.ca, ...(tls.client && { cert: tls.client.cert, key: tls.client.key }) } } }),
      },
    });
    const image = await later.resolve(`${running.host}/team/a:v1`, { platform: AMD64 });
    await contentStore.tag(image, `${running.host}/team/c:v1`);
    await later.push(`${running.host}/team/c:v1`);
    expect(sent.filter((line) => /^(PUT|PATCH) \/v2\/team\/c\/blobs/.test(line))).toEqual([]);
    expect(sent.some((line) => line.startsWith("POST /v2/team/c/blobs/uploads"))).toBe(true);
  });

  test("[engine/T32] by way of a layout and an archive an index stays what it is", async () => {
    const one = start();
    const places = [
      `${running.host}/team/a:v1`,
      `oci:${scratch.path}/layout:v1`,
      `oci-archive:${scratch.path}/a.tar:v1`,
      `${running.host}/back/d:v1`,
    ];
    for (const [at, place] of places.slice(1).entries()) await one.copy(places[at] ?? "", place);
    for (const place of places) expect(await one.resolve(place)).toMatchObject({ digest: index.manifest.digest });
  });

  test("[engine/T6] errors say what they mean", async () => {
    const one = start();
    expect(await classOf(one.pull(`${running.host}/team/a:nope`))).toBe("NotFound");
    expect(await classOf(one.tags(`${running.host}/nobody/knows`))).toBe("NotFound");
    expect(await classOf(one.resolve(`${running.host}/team/a:v1`, { platform: { os: "linux", architecture: "s390x" } }))).toBe(
      "NoMatchingPlatform",
    );
    const { user, tls, host } = running;
    const http = tls && { http: { tls: { ca: tls.ca, ...(tls.client && { cert: tls.client.cert, key: tls.client.key }) } } };
    if (user !== undefined) {
      const stranger = start({ connection: { credentials: staticCredentials(host, { ...user, password: "wrong" }), ...http } });
      expect(await classOf(stranger.pull(`${host}/team/a:v1`))).toBe("Unauthorized");
    }
    if (tls !== undefined) expect(await classOf(start({ connection: {} }).tags(`${host}/team/a`))).toBe("Unavailable");
  });
}

const [origin] = SERVERS.filter(({ name }) => name === "Berth, htpasswd");
const [mirror] = SERVERS.filter(({ name }) => name === "docker-registry, plain");

if (origin !== undefined && mirror !== undefined) {
  describeWithParts(`the engine over ${origin.name}, with ${mirror.name} as its mirror`, [...origin.needs, ...mirror.needs], () => {
    const [known, fresh] = [1, 2].map((seed) => randomIndex(new Random(seed), PLATFORMS));
    let servers: readonly RunningServer[] = [];
    afterAll(async () => {
      for (const server of servers) await server.stop();
    });

    test("[engine/T4,T7] the mirror gives what it has, the registry the rest; pushes go to the registry", async () => {
      servers = [await origin.start(), await mirror.start()];
      const [main, copy] = servers;
      if (main === undefined || copy === undefined || known === undefined || fresh === undefined) throw new Error("not started");
      const clients = servers.map((server) => clientOf(server));
      for (const client of clients) await pushGraph(client.repository("team/a"), known, "known");
      await pushGraph(clients[0]?.repository("team/a") ?? expect.fail("not started"), fresh, "fresh");
      const warnings: EndpointWarning[] = [];
      const one = engineFor(main, {
        hosts: { [main.host]: { mirrors: [`http://127.0.0.1:1`, `http://${copy.host}`] } },
        onWarning: (warning) => warnings.push(warning),
      });
      expect(await one.pull(`${main.host}/team/a:known`)).toMatchObject([
        { endpoint: copy.host, index: { digest: known.manifest.digest } },
      ]);
      expect(await one.pull(`${main.host}/team/a:fresh`)).toMatchObject([
        { endpoint: main.host, index: { digest: fresh.manifest.digest } },
      ]);
      expect(warnings.map(({ failure }) => failure)).toEqual(["unreachable", "unreachable", expect.stringMatching(/refused|status/)]);
      await one.copy(`${main.host}/team/a:known`, `${main.host}/pushed/b:v1`);
      await one.close();
      expect(await classOf(clients[1]?.repository("pushed/b").resolve("v1") ?? Promise.resolve())).toBe("NotFound");
      expect(await clients[0]?.repository("pushed/b").resolve("v1")).toMatchObject({ digest: known.manifest.digest });
      for (const client of clients) await client.close();
    });
  });
}
