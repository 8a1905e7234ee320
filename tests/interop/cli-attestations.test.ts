import { mkdir, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, type Dockerd, requirePart, run, type Scratch, startDockerd } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type RunningServer, SERVERS } from "./support/servers.ts";

interface Entry {
  readonly digest: string;
  readonly platform?: { readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const SOURCE = SERVERS.find(({ name }) => name === "Berth, plain");
const DESTINATION = SERVERS.find(({ name }) => name === "docker-registry, plain");

if (SOURCE !== undefined && DESTINATION !== undefined) {
  describeWithParts(
    "an index of buildx, with attestations",
    [...SOURCE.needs, ...DESTINATION.needs, "docker-sid", "runc", "crane", "skopeo"],
    () => {
      let scratch: Scratch;
      let berth: Cli;
      let engine: Dockerd;
      let servers: RunningServer[] = [];
      let built: string;
      let index: readonly Entry[];
      const crane = async (...args: readonly string[]): Promise<string> =>
        (await run(requirePart("crane").command("crane"), args, { env: homeOf(scratch) })).stdout.trim();
      const entriesOf = async (reference: string): Promise<readonly Entry[]> => {
        const { manifests }: { readonly manifests: readonly Entry[] } = JSON.parse(await crane("manifest", reference));
        return manifests;
      };

      beforeAll(async () => {
        scratch = await createScratch();
        berth = cliIn(scratch);
        engine = await startDockerd({ from: "docker-sid", store: "containerd" });
        servers = [await SOURCE.start(), await DESTINATION.start()];
        built = `${servers[0]?.host}/built:1`;
        await mkdir(scratch.join("context"));
        await writeFile(scratch.join("context", "hello"), "hello");
        await writeFile(scratch.join("context", "Dockerfile"), "FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nCOPY hello /hello\n");
        const platforms = ["--platform", "linux/amd64,linux/arm64", "--network", "none", "--provenance=mode=max"];
        await engine.docker(["buildx", "build", ...platforms, "-t", built, "--push", scratch.join("context")]);
        index = await entriesOf(built);
      });
      afterAll(async () => {
        await engine?.stop();
        for (const server of servers) await server.stop();
        servers = [];
        await scratch?.remove();
      });

      test("it is copied as it is, by way of a layout too, and the engine pulls the copy", async () => {
        expect(index.map(({ annotations }) => annotations?.["vnd.docker.reference.type"] ?? "image").toSorted()).toEqual([
          "attestation-manifest",
          "attestation-manifest",
          "image",
          "image",
        ]);
        const [layout, to] = [`oci:${scratch.join("layout")}:1`, `${servers[1]?.host}/copied:1`];
        await berth(["cp", built, layout]);
        await berth(["cp", layout, to]);
        const digest = await crane("digest", built);
        for (const place of [layout, to]) expect((await berth(["digest", place])).stdout).toBe(`${digest}\n`);
        expect((await engine.docker(["pull", to])).stdout).toContain(digest);
        await run(
          requirePart("skopeo").command("skopeo"),
          ["copy", "--all", "--preserve-digests", layout, `oci:${scratch.join("theirs")}:1`],
          {
            env: homeOf(scratch),
          },
        );
        expect((await berth(["fsck", `oci:${scratch.join("theirs")}:1`])).exitCode).toBe(0);
      });

      test("one platform is its image alone; some platforms take their attestations along", async () => {
        const arm64 = index.find(({ platform }) => platform?.architecture === "arm64")?.digest;
        expect((await berth(["digest", "--platform", "linux/arm64", built])).stdout).toBe(`${arm64}\n`);
        expect((await berth(["inspect", "--platform", "linux/arm64", "--format", "jsonpath=.config.Env[*]", built])).stdout).toContain(
          "ARCH=arm64",
        );
        const other = await berth(["digest", "--platform", "linux/s390x", built], { mayFail: true });
        expect([other.exitCode, other.stdout]).toEqual([4, ""]);

        const layout = `oci:${scratch.join("some")}:1`;
        await berth(["cp", "--platforms", "linux/arm64", built, layout]);
        const told = await berth(["fsck", "--fast", "--format", "json", layout], { mayFail: true });
        const missing = index.filter(({ digest }) => told.stdout.includes(digest)).map(({ digest }) => digest);
        const ofArm = index.filter(({ digest, annotations }) => digest === arm64 || annotations?.["vnd.docker.reference.digest"] === arm64);
        expect(missing.toSorted()).toEqual(
          index
            .filter((one) => !ofArm.includes(one))
            .map(({ digest }) => digest)
            .toSorted(),
        );
      });

      test("of a changed index the attestations stay with their images", async () => {
        const amd64 = index.find(({ platform }) => platform?.architecture === "amd64")?.digest;
        const to = `${servers[0]?.host}/filtered:1`;
        await berth(["cp", built, to]);
        await berth(["index", "filter", "--tag", "1", to, "linux/amd64"]);
        const left = await entriesOf(to);
        expect(left.map(({ digest, annotations }) => annotations?.["vnd.docker.reference.digest"] ?? digest)).toEqual([amd64, amd64]);
        expect((await berth(["fsck", "--format", "{{.ok}}", to])).stdout).toBe("true\n");
      });
    },
  );
}
