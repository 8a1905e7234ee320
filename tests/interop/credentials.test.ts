import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createDockerConfigStore, createFileStore, defaultCredentials, isUnauthorized, login, logout, serverAddress } from "@berth/client";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import {
  createScratch,
  type Dockerd,
  type PartName,
  requirePart,
  run,
  type RunResult,
  type Scratch,
  startDockerd,
  testBlob,
  type TestImage,
  writeTinyImage,
} from "@berth/testkit/parts";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Probe } from "../clients/support/probe.ts";
import { type RunningServer, SERVERS, USER } from "./support/servers.ts";

const TOOLS: readonly PartName[] = ["skopeo", "oras", "crane", "docker", "docker-sid", "runc", "busybox"];
const SERVER = SERVERS.find(({ name }) => name === "Berth, htpasswd");

/** A tool: how it logs in to what stands in a file or folder, and how it uses that to look into `team/app`. */
interface Tool {
  readonly name: string;
  readonly part: PartName;
  readonly command: string;
  /** Where the tool has its file, below the test's folder. */
  readonly file: string;
  login(host: string, file: string): readonly string[];
  look(host: string, file: string): readonly string[];
  readonly shows: string;
  /** What stands in its file to send it to the helper `test`. */
  helped?(host: string): object;
}

const docker = {
  command: "docker",
  file: "docker/config.json",
  login: (host: string) => ["login", "-u", USER.username, "--password-stdin", host],
  look: (host: string) => ["manifest", "inspect", "--insecure", `${host}/team/app:1`],
  shows: '"schemaVersion": 2',
};

const EVERY_TOOL: readonly Tool[] = [
  {
    name: "skopeo",
    part: "skopeo",
    command: "skopeo",
    file: "containers/auth.json",
    login: (host, file) => ["login", "--tls-verify=false", "--authfile", file, "-u", USER.username, "--password-stdin", host],
    look: (host, file) => ["list-tags", "--tls-verify=false", "--authfile", file, `docker://${host}/team/app`],
    shows: '"Tags"',
    helped: (host) => ({ credHelpers: { [host]: "test" } }), // an auth.json has no "credsStore"
  },
  {
    name: "oras",
    part: "oras",
    command: "oras",
    file: "oras/config.json",
    login: (host, file) => ["login", "--plain-http", "--registry-config", file, "-u", USER.username, "--password-stdin", host],
    look: (host, file) => ["repo", "ls", "--plain-http", "--registry-config", file, host],
    shows: "team/app",
  },
  {
    name: "crane",
    part: "crane",
    command: "crane",
    file: "docker/config.json",
    login: (host) => ["auth", "login", "-u", USER.username, "--password-stdin", host],
    look: (host) => ["catalog", host],
    shows: "team/app",
  },
  { name: "docker 20.10", part: "docker", ...docker },
  { name: "docker of Debian sid", part: "docker-sid", ...docker },
];

describeWithParts("credentials that other tools keep, and the other way round", [...TOOLS, ...(SERVER?.needs ?? [])], () => {
  let server: RunningServer;
  let engine: Dockerd;
  let scratch: Scratch;

  beforeAll(async () => {
    engine = await startDockerd({ from: "docker-sid", store: "graph" });
    if (SERVER === undefined) throw new RangeError("The list of servers lacks Berth with htpasswd");
    server = await SERVER.start();
    const image = await createScratch();
    try {
      await new Probe(server.url, USER).seed(dockerFormat(await writeTinyImage(image.join("tiny"))), "team/app", "1");
    } finally {
      await image.remove();
    }
  });
  afterAll(async () => {
    await server?.stop();
    await engine?.stop();
  });
  beforeEach(async () => {
    scratch = await createScratch();
    await mkdir(scratch.join("home"));
    await mkdir(scratch.join("bin"));
  });
  afterEach(() => scratch.remove());

  /** No engine answers at that address: docker 20.10 then logs in by itself; newer ones do so over HTTPS only. */
  const environment = (): Record<string, string> => ({
    HOME: scratch.join("home"),
    XDG_RUNTIME_DIR: scratch.path,
    DOCKER_CONFIG: scratch.join("docker"),
    DOCKER_HOST: `unix://${scratch.join("none.sock")}`,
    PATH: `${scratch.join("bin")}:/usr/bin:/bin`,
  });
  const use = ({ part, command }: Tool, args: readonly string[], input?: string): Promise<RunResult> => {
    const { DOCKER_HOST, ...env } = environment();
    const options = { secrets: [USER.password], ...(input !== undefined && { input }) };
    if (part === "docker-sid") return engine.docker(args, { ...options, env });
    return run(requirePart(part).command(command), args, { ...options, env: { ...env, DOCKER_HOST: DOCKER_HOST ?? "" } });
  };
  const write = async (file: string, text: string): Promise<string> => {
    await mkdir(dirname(scratch.join(file)), { recursive: true });
    await writeFile(scratch.join(file), text);
    return scratch.join(file);
  };

  test.each(EVERY_TOOL)("[client/B-55,B-56] what $name login writes is found by us", async (tool) => {
    const file = await write(tool.file, "{}");
    await use(tool, tool.login(server.host, file), USER.password);
    expect(await readFile(file, "utf8")).toContain(server.host);
    expect(await createFileStore(file).get(serverAddress(server.host))).toEqual(USER);
    const find = defaultCredentials({ env: { ...environment(), REGISTRY_AUTH_FILE: file } });
    expect(await find({ registry: server.host, repository: "team/app" })).toEqual(USER);
  });

  test("[client/C-21] skopeo's own place for its file is one of ours", async () => {
    const { DOCKER_CONFIG: _, ...env } = environment();
    const words = ["login", "--tls-verify=false", "-u", USER.username, "--password-stdin", server.host];
    await run(requirePart("skopeo").command("skopeo"), words, { env, input: USER.password, secrets: [USER.password] });
    expect(await defaultCredentials({ env })({ registry: server.host })).toEqual(USER);
  });

  test.each(EVERY_TOOL)("[client/B-57] what we write is used by $name", async (tool) => {
    const file = await write(tool.file, "{}");
    const look = () => use(tool, tool.look(server.host, file));
    await expect(look()).rejects.toThrow(/unauthorized|authentication required|no basic auth|denied|credential/i);
    await createFileStore(file).put(serverAddress(server.host), USER);
    expect((await look()).stdout).toContain(tool.shows);
    await createFileStore(file).delete(serverAddress(server.host));
    await expect(look()).rejects.toThrow(/unauthorized|authentication required|no basic auth|denied|credential/i);
  });

  test.each(EVERY_TOOL)("[client/B-57] $name and we change one file in turn, and both keep what the other wrote", async (tool) => {
    const file = await write(tool.file, '{\n  "HttpHeaders": { "X-Meta": "1" }\n}\n');
    const store = createFileStore(file);
    await store.put("first.test", { username: "first", password: "1" });
    await use(tool, tool.login(server.host, file), USER.password);
    const theirs = await readFile(file, "utf8");
    await store.put("second.test", { username: "second", password: "2" });
    expect((await use(tool, tool.look(server.host, file))).stdout).toContain(tool.shows);
    await store.delete("second.test");
    expect(await readFile(file, "utf8")).toBe(theirs);
    expect([(await store.get("first.test"))?.username, await store.get(server.host)]).toEqual(["first", USER]);
  });

  test("[client/C-22] an auth.json entry of a path, written by skopeo and by us, counts for that path only", async () => {
    const file = await write("auth.json", "{}");
    const skopeo = requirePart("skopeo").command("skopeo");
    const find = defaultCredentials({ env: { REGISTRY_AUTH_FILE: file } });
    const words = ["login", "--tls-verify=false", "--authfile", file, "-u", USER.username, "--password-stdin", `${server.host}/team`];
    await run(skopeo, words, { env: environment(), input: USER.password, secrets: [USER.password] });
    expect(await find({ registry: server.host, repository: "team/app" })).toEqual(USER);
    expect(await find({ registry: server.host, repository: "other/app" })).toBeUndefined();
    const store = createFileStore(file);
    await store.delete(`${server.host}/team`);
    expect(await find({ registry: server.host, repository: "team/app" })).toBeUndefined();
    await store.put(`${server.host}/team/app`, USER);
    const look = ["list-tags", "--tls-verify=false", "--authfile", file, `docker://${server.host}/team/app`];
    expect((await run(skopeo, look, { env: environment() })).stdout).toContain('"1"');
  });

  test.each(EVERY_TOOL)("[client/B-58] $name and we share a credential helper", async (tool) => {
    const file = await write(tool.file, JSON.stringify(tool.helped?.(server.host) ?? { credsStore: "test" }));
    const kept = await write("kept", "");
    // Keeps the JSON of one store call, which is also what a get answers.
    await write(
      "bin/docker-credential-test",
      `#!/bin/sh
case "$1" in
store) cat > '${kept}' ;;
get) read -r address; if grep -qF "\\"$address\\"" '${kept}'; then cat '${kept}'; else echo 'credentials not found in native keychain'; exit 1; fi ;;
erase) : > '${kept}' ;;
list) echo '{}' ;;
esac
`,
    );
    await chmod(scratch.join("bin/docker-credential-test"), 0o755);
    const store = createDockerConfigStore({ env: environment(), path: file });
    expect(await store.get(server.host)).toBeUndefined();
    await store.put(server.host, USER);
    expect((await use(tool, tool.look(server.host, file))).stdout).toContain(tool.shows);
    await store.delete(server.host);
    expect(await readFile(kept, "utf8")).toBe("");
    await use(tool, tool.login(server.host, file), USER.password);
    expect(await store.get(server.host)).toEqual(USER);
    expect(await readFile(file, "utf8")).not.toContain(Buffer.from(`${USER.username}:${USER.password}`).toString("base64"));
  });
});

const GUARDED = SERVERS.filter(({ name }) => /htpasswd|token/.test(name));

for (const guarded of GUARDED) {
  describeWithParts(`login to ${guarded.name}`, [...guarded.needs, "skopeo"], () => {
    let server: RunningServer;
    let scratch: Scratch;

    beforeAll(async () => {
      scratch = await createScratch();
      server = await guarded.start();
    });
    afterAll(async () => {
      await server?.stop();
      await scratch?.remove();
    });

    test("[client/B-61] a wrong password is not kept, the right one is, until logout, and skopeo takes it from us", async () => {
      const file = scratch.join("auth.json");
      const store = createFileStore(file);
      for (const wrong of [
        { username: USER.username, password: "wrong" },
        { username: "nobody", password: USER.password },
      ]) {
        await expect(login(server.host, wrong, { store })).rejects.toSatisfy(isUnauthorized);
        expect(await store.get(server.host)).toBeUndefined();
      }
      await login(server.host, USER, { store });
      expect(await store.get(server.host)).toEqual(USER);
      const words = ["login", "--tls-verify=false", "--authfile", file, "--get-login", server.host];
      const env = { HOME: scratch.path };
      expect((await run(requirePart("skopeo").command("skopeo"), words, { env })).stdout.trim()).toBe(USER.username);
      await logout(server.host, { store });
      expect(await store.get(server.host)).toBeUndefined();
    });
  });
}

/** The image with the media types of docker: version 20.10 looks at no others. */
function dockerFormat(image: TestImage): TestImage {
  const text = Buffer.from(image.manifest.bytes).toString("utf8");
  const converted = text
    .replaceAll("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
    .replaceAll("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
    .replaceAll("application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip");
  return { ...image, manifest: testBlob("application/vnd.docker.distribution.manifest.v2+json", Buffer.from(converted)) };
}
