import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createZstdCompress, gzipSync } from "node:zlib";
import { createRemoteRepository } from "@berth/client";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest, type ManifestFixture } from "@berth/testkit/images";
import { createScratch, packTar, type RunResult, type Scratch } from "@berth/testkit/parts";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Cli, cliIn } from "./support/cli.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

const SECRET = "s3cret-Passw0rd";
const CRASH = fileURLToPath(new URL("support/crash-on-signal.ts", import.meta.url));

describe("berth and those who lie to it", () => {
  let scratch: Scratch;
  let berth: Cli;
  let registry: OwnRegistry;

  beforeAll(async () => {
    scratch = await createScratch();
    berth = cliIn(scratch);
    registry = await startOwnRegistry();
    await writeFile(scratch.join("outside"), "mine");
  });
  afterAll(async () => {
    await registry?.close();
    await scratch?.remove();
  });

  const refused = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> =>
    await berth(args, { mayFail: true, env });

  /** Stores an artifact of one packed folder, as oras has them. */
  async function pushFolder(name: string, tar: Buffer): Promise<string> {
    const repository = createRemoteRepository(`${registry.host}/${name}`);
    const annotations = {
      "org.opencontainers.image.title": "site",
      "io.deis.oras.content.unpack": "true",
      "io.deis.oras.content.digest": digestOf(tar),
    };
    const packed = blobFixture(MEDIA_TYPES.ociLayerGzip, gzipSync(tar));
    const config = blobFixture(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
    const manifest = imageManifest({ artifactType: "application/x.test", layers: [{ ...packed.descriptor, annotations }] });
    for (const { descriptor, bytes } of [packed, config]) await repository.blobs.push(descriptor, bytesSource(bytes));
    await repository.manifests.push(manifest.descriptor, bytesSource(manifest.bytes));
    await repository.tag(manifest.descriptor, "1");
    return `${registry.host}/${name}:1`;
  }

  /** Stores an image of one layer, whatever that holds. */
  async function pushImage(
    name: string,
    layer: { readonly descriptor: Descriptor; readonly bytes: Buffer },
    diffId: string,
  ): Promise<string> {
    const repository = createRemoteRepository(`${registry.host}/${name}`);
    const value = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [diffId] } };
    const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify(value)));
    const manifest = imageManifest({ config: config.descriptor, layers: [layer.descriptor] });
    for (const { descriptor, bytes } of [layer, config]) await repository.blobs.push(descriptor, bytesSource(bytes));
    await repository.manifests.push(manifest.descriptor, bytesSource(manifest.bytes));
    await repository.tag(manifest.descriptor, "1");
    return `${registry.host}/${name}:1`;
  }

  const content = Buffer.from("evil");
  test.each([
    ["an absolute path", [{ path: "/tmp/berth-evil", content }]],
    ["a way up", [{ path: "site/../../outside", content }]],
    ["a link out of the folder", [{ path: "site/" }, { path: "site/link", linkTo: "../.." }, { path: "site/link/outside", content }]],
    ["a link to an absolute path", [{ path: "site/" }, { path: "site/link", linkTo: "/etc" }, { path: "site/link/berth-evil", content }]],
    ["a file where a folder is needed", [{ path: "site/" }, { path: "site/a", content }, { path: "site/a/b", content }]],
    ["another folder than its own", [{ path: "other/file", content }]],
  ])("a packed folder with %s is refused, and nothing is written", async (what, entries) => {
    const reference = await pushFolder(`folders/${what.replaceAll(" ", "-")}`, packTar(entries));
    const folder = scratch.join(`into-${what.replaceAll(" ", "-")}`);
    await mkdir(folder);
    const { exitCode, stderr } = await refused(["pull", "-o", folder, reference]);
    expect([exitCode, await readdir(folder)], stderr).toEqual([6, []]);
    expect(await readFile(scratch.join("outside"), "utf8")).toBe("mine");
    for (const path of ["/tmp/berth-evil", "/etc/berth-evil", scratch.join("other")])
      await expect(lstat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a bomb stops whoever looks inside, and is moved without being unpacked", async () => {
    const file64 = packTar([{ path: "zeros", content: Buffer.alloc(64 << 20) }]).subarray(0, -1024);
    const zeros = Readable.from(Array.from({ length: 17 }, () => file64));
    const bomb = Buffer.concat(await Array.fromAsync(zeros.pipe(createZstdCompress())));
    expect(bomb.byteLength).toBeLessThan(1 << 20); // of what makes a GiB
    const reference = await pushImage("bomb", blobFixture(MEDIA_TYPES.ociLayerZstd, bomb), digestOf("zeros"));
    const { exitCode, stderr } = await refused(["cat", reference, "/zeros"]);
    expect([exitCode, stderr]).toEqual([6, expect.stringMatching(/compression ratio[^]*--max-ratio/)]);
    await berth(["cp", reference, `${registry.host}/bomb/copied:1`]);
  });

  const config = blobFixture(
    MEDIA_TYPES.ociConfig,
    Buffer.from('{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}'),
  );
  const layer = blobFixture(MEDIA_TYPES.ociLayerGzip, gzipSync(packTar([{ path: "file", content }])));
  const image = imageManifest({ config: config.descriptor, layers: [layer.descriptor] });

  /** A registry with one image, one part of which is not what it should be. */
  async function lying(how: {
    readonly manifest?: ManifestFixture;
    readonly layer?: Buffer;
    readonly cutAfter?: number;
  }): Promise<ScriptedRegistry> {
    const server = await startScriptedRegistry();
    onTestFinished(() => server.close());
    const served = how.manifest ?? image;
    const headers = { "content-type": image.mediaType, "docker-content-digest": image.digest };
    for (const reference of ["1", image.digest]) {
      server.on("HEAD", `/v2/a/manifests/${reference}`, { headers: { ...headers, "content-length": String(image.bytes.byteLength) } });
      server.on("GET", `/v2/a/manifests/${reference}`, { headers, body: served.bytes });
    }
    server.on("GET", `/v2/a/blobs/${config.descriptor.digest}`, { body: config.bytes });
    server.on("GET", `/v2/a/blobs/${layer.descriptor.digest}`, {
      body: how.layer ?? layer.bytes,
      ...(how.cutAfter !== undefined && { cutAfter: how.cutAfter }),
    });
    return server;
  }

  const flipped = Buffer.from(layer.bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)));
  test.each([
    ["another manifest than it announced", { manifest: imageManifest({ annotations: { other: "one" } }) }],
    ["a layer with one bit changed", { layer: flipped }],
    ["a layer that is longer", { layer: Buffer.concat([layer.bytes, Buffer.alloc(10_000_000)]) }],
  ])("a registry that serves %s is found out, and nothing of it is seen at any destination", async (_, how) => {
    const server = await lying(how);
    const host = new URL(server.url).host;
    const number = Math.random().toString(36).slice(2);
    const [layout, archive, plain] = [scratch.join(`l-${number}`), scratch.join(`a-${number}.tar`), `${registry.host}/lied/${number}`];
    for (const to of [`oci:${layout}:1`, `docker-archive:${archive}:app:1`, `oci-archive:${archive}:1`, `${plain}:1`]) {
      const { exitCode, stdout, stderr } = await refused(["cp", `${host}/a:1`, to]);
      expect([exitCode, stdout], stderr).toEqual([6, ""]);
    }
    const index = await readFile(`${layout}/index.json`, "utf8").catch(() => '{"manifests":[]}'); // there is one when something else came
    expect(JSON.parse(index)).toMatchObject({ manifests: [] });
    expect(await readdir(`${layout}/blobs/sha256`).catch(() => [])).not.toContain(layer.descriptor.digest.slice(7));
    expect((await readdir(scratch.path)).filter((name) => name.includes(number) && name !== `l-${number}`)).toEqual([]);
    expect((await refused(["digest", `${plain}:1`])).exitCode).toBe(4);
    expect((await refused(["blob", "head", `${plain}@${layer.descriptor.digest}`])).exitCode).toBe(4);
  });

  test("a registry that always hangs up in the middle is unavailable, and no archive is left", async () => {
    const server = await lying({ cutAfter: 20 });
    const to = `docker-archive:${scratch.join("hung.tar")}:app:1`;
    const { exitCode, stdout } = await refused(["cp", "--retries", "1", "--retry-delay", "1ms", `${new URL(server.url).host}/a:1`, to]);
    expect([[6, 7].includes(exitCode), stdout]).toEqual([true, ""]);
    expect((await readdir(scratch.path)).filter((name) => name.startsWith("hung"))).toEqual([]);
  });

  test("an archive that is cut, or holds other content than it says, is refused, and nothing reaches the registry", async () => {
    const reference = await pushImage("archived", layer, digestOf(packTar([{ path: "file", content }])));
    for (const kind of ["docker", "oci"]) {
      const whole = scratch.join(`${kind}.tar`);
      await berth(["save", "--format-archive", kind, "-o", whole, reference]);
      const bytes = await readFile(whole);
      const changed = Buffer.from(bytes);
      const at = changed.indexOf(kind === "docker" ? content : layer.bytes.subarray(0, 30));
      changed[at + 1] = (changed[at + 1] ?? 0) ^ 1;
      for (const [what, broken] of Object.entries({ cut: bytes.subarray(0, bytes.byteLength / 2), changed })) {
        const file = scratch.join(`${kind}-${what}.tar`);
        await writeFile(file, broken);
        const to = `${registry.host}/broken/${kind}-${what}`;
        // who remembers that the registry has these blobs would mount them, and not read the archive's
        const forgetful = { XDG_STATE_HOME: scratch.join(`state-${kind}-${what}`) };
        const { exitCode, stdout, stderr } = await refused(["cp", `${kind}-archive:${file}`, `${to}:1`], forgetful);
        expect([exitCode, stdout], `${kind} ${what} ${stderr}`).toEqual([6, ""]);
        expect((await refused(["digest", `${to}:1`])).exitCode).toBe(4);
      }
    }
  });

  test("[engine/T36] secrets are in no argument, log, trace or report of a crash", async () => {
    const server = await startScriptedRegistry();
    onTestFinished(() => server.close());
    const host = new URL(server.url).host;
    let answer: "echo" | "crash" = "echo";
    let commandLine = "";
    for (const method of ["GET", "HEAD"]) {
      server.on(method, /^\/v2\//, async ({ headers }) => {
        if (headers["authorization"] === undefined) return { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } };
        const running = await processesWith(host);
        commandLine += running.map((one) => one.commandLine).join("\n");
        if (answer === "echo") return { status: 500, body: `you sent ${headers["authorization"]}` };
        for (const { pid } of running) process.kill(pid, "SIGUSR2");
        return { hang: true };
      });
    }
    const [trace, reports] = [scratch.join("secret.trace"), scratch.join("reports")];
    await mkdir(reports);
    const args = ["tag", "--debug", "--trace-http", trace, "--retries", "0", "--user", "me", "--password-stdin", `${host}/a:1`, "2"];
    const env = { NODE_OPTIONS: `--import=${CRASH} --report-uncaught-exception --report-dir=${reports}` };
    const failed = await berth(args, { input: `${SECRET}\n`, mayFail: true, env });
    answer = "crash";
    const crashed = await berth(args, { input: `${SECRET}\n`, mayFail: true, env });
    expect([failed.exitCode, crashed.exitCode]).toEqual([7, expect.any(Number)]);
    expect(crashed.stderr).toContain("crashed on demand");
    const found = await Promise.all((await readdir(reports)).map(async (name) => await readFile(`${reports}/${name}`, "utf8")));
    expect(found).toHaveLength(1);
    const texts = [failed.stdout + failed.stderr, crashed.stdout + crashed.stderr, await readFile(trace, "utf8"), commandLine, ...found];
    for (const text of texts) {
      expect(text).toContain(host);
      for (const secret of [SECRET, Buffer.from(`me:${SECRET}`).toString("base64")]) expect(text).not.toContain(secret);
    }
  });
});

/** Other processes whose command lines name something. */
async function processesWith(text: string): Promise<readonly { readonly pid: number; readonly commandLine: string }[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const all = ids.map(async (id) => ({ pid: Number(id), commandLine: await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "") }));
  return (await Promise.all(all)).filter(({ commandLine }) => commandLine.includes(text));
}
