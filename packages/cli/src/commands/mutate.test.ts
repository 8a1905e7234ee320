import { beforeEach, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const registry = useRegistry();
let amd64: PushedImage;
/** A repository with an image `v1` and an index `multi`, and a path, of each test's own. */
let app: string;
let path: string;

beforeEach(async () => {
  ({ app, path } = registry);
  const repository = registry.repository;
  amd64 = await pushImage(repository, { tags: ["v1"], content: "one" });
  const arm64 = await pushImage(repository, { architecture: "arm64", content: "two" });
  await pushIndex(repository, "multi", [
    ["linux/amd64", amd64.manifest],
    ["linux/arm64", arm64.manifest],
  ]);
});

const digestOf = async (place: string): Promise<string> => (await berth(["digest", place])).stdout.trim();

async function configOf(place: string, ...flags: readonly string[]): Promise<unknown> {
  return JSON.parse((await berth(["config", "get", ...flags, place])).stdout);
}

test("labels, variables, commands, user, registry.folder, ports, volumes and platform of an image change; its layers stay", async () => {
  const changes = [
    ["--label", "team=web", "--rm-label", "version"],
    ["--env", "MODE=prod", "--append-env", "PATH=/usr/bin"],
    ["--entrypoint", '["/app","two words"]', "--cmd", "--serve now"],
    ["--set-user", "1000:1000", "--workdir", "/srv", "--stop-signal", "SIGINT"],
    ["--port", "8080/tcp", "--volume", "/data", "--set-platform", "linux/arm/v7"],
  ].flat();
  const { code, stdout, stderr } = await berth(["mutate", ...changes, "--tag", "v2", `${app}:v1`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe(`${app}:v2@${await digestOf(`${app}:v2`)}\n`);
  expect(await digestOf(`${app}:v1`)).toBe(amd64.manifest.digest);
  expect(await configOf(`${app}:v2`)).toMatchObject({
    created: "2024-05-06T07:08:09Z",
    architecture: "arm",
    variant: "v7",
    config: {
      User: "1000:1000",
      Env: ["PATH=/bin:/usr/bin", "MODE=prod"],
      Entrypoint: ["/app", "two words"],
      Cmd: ["--serve", "now"],
      Labels: { team: "web" },
      WorkingDir: "/srv",
      StopSignal: "SIGINT",
      ExposedPorts: { "8080/tcp": {} },
      Volumes: { "/data": {} },
    },
    rootfs: { diff_ids: [amd64.layer.digest] },
  });
});

test("what is taken away is gone", async () => {
  await berth(["mutate", "--no-cmd", "--no-set-user", "--rm-env", "PATH", "--rm-label", "version", "--replace", `${app}:v1`]);
  expect(await configOf(`${app}:v1`)).toMatchObject({ config: { Env: [] } });
  expect(await configOf(`${app}:v1`)).not.toHaveProperty("config.User");
  expect(await configOf(`${app}:v1`)).not.toHaveProperty("config.Cmd");
  expect(await configOf(`${app}:v1`)).not.toHaveProperty("config.Labels");
});

test("without a tag the result is named by digest, and no tag moves", async () => {
  const { stdout } = await berth(["mutate", "--format", "json", "--annotation", "a=b", `${app}:v1`]);
  const told: unknown = JSON.parse(stdout);
  expect(told).toMatchObject({ source: `${app}:v1`, before: amd64.manifest.digest, tags: [] });
  expect(await digestOf(`${app}:v1`)).toBe(amd64.manifest.digest);
  const reference = (await berth(["mutate", "--annotation", "a=b", `${app}:v1`])).stdout.trim();
  expect(told).toHaveProperty("reference", reference);
  expect((await berth(["inspect", "--format", "{{.annotations.a}}", reference])).stdout).toBe("b\n");
});

test("a dry run tells the digest, and writes nothing", async () => {
  registry.server.journal.length = 0;
  const dry = await berth(["mutate", "--dry-run", "--label", "a=b", "--replace", `${app}:multi`]);
  expect(dry).toMatchObject({ code: 0, stderr: "" });
  expect(registry.server.journal.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
  expect((await berth(["mutate", "--label", "a=b", "--replace", `${app}:multi`])).stdout).toBe(dry.stdout.replace(" (dry run)\n", "\n"));
});

test("of an index all images change, or those for some platforms, or one is taken", async () => {
  await berth(["mutate", "--label", "a=b", "--tag", "all", `${app}:multi`]);
  await berth(["mutate", "--label", "a=b", "--platforms", "linux/arm64", "--tag", "some", `${app}:multi`]);
  await berth(["mutate", "--label", "a=b", "--platform", "linux/amd64", "--tag", "one", `${app}:multi`]);
  const labelled = { config: { Labels: { a: "b" } } };
  expect(await configOf(`${app}:all`, "--platform", "linux/amd64")).toMatchObject(labelled);
  expect(await configOf(`${app}:all`, "--platform", "linux/arm64")).toMatchObject(labelled);
  expect(await configOf(`${app}:some`, "--platform", "linux/arm64")).toMatchObject(labelled);
  expect(await configOf(`${app}:some`, "--platform", "linux/amd64")).not.toMatchObject(labelled);
  expect(await digestOf(`${app}:one`)).toBe((await berth(["digest", "--platform", "linux/amd64", `${app}:all`])).stdout.trim());
});

test("[engine/T33] an image of a layout changes in place, and has the digest that it has in a registry", async () => {
  await berth(["cp", `${app}:v1`, `oci:${path}:v1`]);
  expect(await berth(["mutate", "--label", "a=b", "--replace", `oci:${path}:v1`])).toMatchObject({ code: 0, stderr: "" });
  await berth(["mutate", "--label", "a=b", "--replace", `${app}:v1`]);
  expect(await digestOf(`oci:${path}:v1`)).toBe(await digestOf(`${app}:v1`));
});

test("[engine/T32] the result goes to a layout, a file, another repository, and has one digest everywhere", async () => {
  const change = ["mutate", "--label", "a=b", `${app}:v1`, "-o"];
  const places = [`oci:${path}:x`, `oci-archive:${path}.tar:x`, `${app}/other:x`];
  for (const place of places) expect(await berth([...change, place])).toMatchObject({ code: 0, stderr: "" });
  const digests = await Promise.all(places.map(digestOf));
  expect(new Set(digests).size).toBe(1);
  expect(await berth(["blob", "get", `oci:${path}@${amd64.layer.digest}`])).toMatchObject({ code: 0, stdout: "one" });
});

test("SOURCE_DATE_EPOCH is the time of the result and of its history", async () => {
  const env = { SOURCE_DATE_EPOCH: "1700000000" };
  await berth(["mutate", "--label", "a=b", "--replace", `${app}:v1`], { env });
  expect(await configOf(`${app}:v1`)).toMatchObject({ created: "2023-11-14T22:13:20Z" });
  const bad = await berth(["mutate", "--label", "a=b", `${app}:v1`], { env: { SOURCE_DATE_EPOCH: "yesterday" } });
  expect(bad).toMatchObject({ code: 2, stdout: "" });
});

test.each([
  [[], "nothing to change"],
  [["--label", "nothing"], "expected name=value"],
  [["--cmd", "[1]"], "list of texts"],
  [["--entrypoint", 'x "y z"'], "as a list in JSON"],
  [["--port", "99999"], "is no port"],
  [["--label", "a=b", "--replace", "-o", "oci:x"], "cannot use --replace with --output"],
])("mistakes are exit code 2: %j", async (flags, message) => {
  expect(await berth(["mutate", ...flags, `${app}:v1`])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
});

test("what is not there is exit code 4; an archive is not changed in place", async () => {
  expect(await berth(["mutate", "--label", "a=b", `${app}:nope`])).toMatchObject({ code: 4, stdout: "" });
  expect(await berth(["mutate", "--label", "a=b", `oci:${path}:nope`])).toMatchObject({ code: 4, stdout: "" });
  await berth(["cp", `${app}:v1`, `oci-archive:${path}.tar:v1`]);
  const refused = await berth(["mutate", "--label", "a=b", `oci-archive:${path}.tar:v1`]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--output") });
});

test("a tag that cannot be is refused before anything has moved", async () => {
  const { code, stderr } = await berth(["mutate", "--label", "a=b", "--replace", "--tag", "fine", "--tag", "not fine", `${app}:v1`]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'berth: Cannot parse reference "not fine": invalid tag format\n' });
  expect(await digestOf(`${app}:v1`)).toBe(amd64.manifest.digest);
  expect(await berth(["digest", `${app}:fine`])).toMatchObject({ code: 4 });
});
