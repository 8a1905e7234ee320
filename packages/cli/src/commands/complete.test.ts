import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { SHELLS } from "../completion/scripts.ts";
import { cachedNames } from "../completion/name-cache.ts";
import { pushImage, serveHandler } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs many commands
const at = useRegistry({ per: "test" });

beforeEach(async () => {
  await pushImage(at.embedded.repository("team/app"), { tags: ["v1", "v2", "latest"] });
  await pushImage(at.embedded.repository("other"), { tags: ["x"] });
});

async function complete(...words: string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await berth(["__complete", ...words], {
    env: { BERTH_CACHE: at.folder, DOCKER_CONFIG: at.folder, BERTH_TIMEOUT: "60s" },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t")[0] ?? "");
}

test("commands, flags and their values are completed", async () => {
  expect(await complete("man")).toEqual(["manifest"]);
  expect(await complete("manifest", "")).toEqual(expect.arrayContaining(["get", "head", "put", "rm"]));
  expect(await complete("help", "exit")).toEqual(["exit-codes"]);
  expect(await complete("ls", "--plain")).toEqual(["--plain-http"]);
  expect(await complete("referrers", "--sort", "c")).toEqual(["created"]);
  expect(await complete("ls", "--format", "js")).toEqual(["json", "jsonpath="]);
  expect(await complete("ls", "--format=js")).toEqual(["--format=json", "--format=jsonpath="]);
  expect(await complete("ls", "--nothing=js")).toEqual([]);
  expect(await complete("completion", "--")).toEqual([]);
  expect(await complete("")).not.toContain("__complete");
  expect((await berth(["--help"])).stdout).not.toContain("__complete");
});

test("repositories and tags of registries are completed, asked once in 30 s", async () => {
  const { host } = at.server;
  expect(await complete("ls", `${host}/t`)).toEqual([`${host}/team/app`, `${host}/team/app:`]);
  expect(await complete("inspect", `${host}/team/app:v`)).toEqual([`${host}/team/app:v1`, `${host}/team/app:v2`]);
  const asked = at.server.journal.length;
  expect(await complete("digest", `${host}/team/app:l`)).toEqual([`${host}/team/app:latest`]);
  expect(at.server.journal.length).toBe(asked);
});

test("what stands behind a flag in the same word, or behind a transport, is completed to files and folders", async () => {
  mkdirSync(join(at.folder, "certs", "old"), { recursive: true });
  for (const name of ["ca.pem", "a b.pem", ".hidden"]) writeFileSync(join(at.folder, "certs", name), "");
  symlinkSync("old", join(at.folder, "certs", "current"));
  const certs = `${at.folder}/certs`;
  for (const flag of ["--ca-file", "--cert", "--key", "--from-ca-file", "--trace-http", "--digest-file"])
    expect(await complete("cp", `${flag}=${certs}/c`)).toEqual([`${flag}=${certs}/ca.pem`, `${flag}=${certs}/current/`]);
  expect(await complete("push", `--config=${certs}/`)).toEqual(
    ["a b.pem", "ca.pem", "current/", "old/"].map((name) => `--config=${certs}/${name}`),
  );
  expect(await complete("serve", `--data=${certs}/`)).toEqual([`--data=${certs}/current/`, `--data=${certs}/old/`]);
  expect(await complete("ls", `--ca-file=${certs}/.h`)).toEqual([`--ca-file=${certs}/.hidden`]);
  expect(await complete("ls", `--ca-file=${at.folder}/none/`)).toEqual([]);
  expect(await complete("cp", `oci:${certs}/`)).toEqual([`oci:${certs}/current/`, `oci:${certs}/old/`]);
  expect(await complete("mutate", `--output=oci-archive:${certs}/ca`)).toEqual([`--output=oci-archive:${certs}/ca.pem`]);
});

test("each argument is completed to what stands in its place, and files are left to the shell", async () => {
  const { host } = at.server;
  writeFileSync(join(at.folder, "config.json"), JSON.stringify({ auths: { "r.test:5000": {} } }));
  expect(await complete("load", "r")).toEqual([]);
  expect(await complete("load", "app.tar", "r")).toEqual(["r.test:5000/"]);
  expect(await complete("load", "--max-ratio", "7", "--plain-http", "-", "r")).toEqual(["r.test:5000/"]);
  expect(await complete("push", "r")).toEqual(["r.test:5000/"]);
  for (const words of [
    ["push", "x", "r"],
    ["push", "x", "y", "r"],
    ["ls", "--ca-file", "r"],
    ["cat", "x", "r"],
    ["ls", "x", "r"],
  ])
    expect(await complete(...words)).toEqual([]);
  expect(await complete("digest", "x", "y", "r")).toEqual(["r.test:5000/"]);
  for (const words of [
    ["attach", "r"],
    ["manifest", "diff", "x", "r"],
    ["push", "--subject", "r"],
  ])
    expect(await complete(...words)).toEqual(["r.test:5000/"]);
  expect(await complete("mutate", `--output=${host}/team/app:v`)).toEqual(["v1", "v2"].map((tag) => `--output=${host}/team/app:${tag}`));
});

test("hosts that docker's config knows are completed, and nothing is said when a registry does not answer", async () => {
  writeFileSync(join(at.folder, "config.json"), JSON.stringify({ auths: { "r.test:5000": {}, "https://index.docker.io/v1/": {} } }));
  expect(await complete("ls", "r.")).toEqual(["r.test:5000/"]);
  const gone = await serveHandler(at.embedded.handler);
  await gone.close();
  expect(await complete("ls", `${gone.host}/t`)).toEqual([]);
});

test("kept names are used while they are fresh", async () => {
  let loads = 0;
  const load = async (): Promise<readonly string[]> => [`n${++loads}`];
  expect(await cachedNames(at.folder, "k", load, 1_000_000)).toEqual(["n1"]);
  expect(await cachedNames(at.folder, "k", load, 1_029_999)).toEqual(["n1"]);
  expect(await cachedNames(at.folder, "k", load, 1_030_000)).toEqual(["n2"]);
  expect(await cachedNames(undefined, "k", load)).toEqual(["n3"]);
  expect(await cachedNames(join(import.meta.filename, "nowhere"), "k", load)).toEqual(["n4"]);
});

test("each shell gets a script that asks berth", async () => {
  for (const shell of SHELLS)
    expect(await berth(["completion", shell])).toMatchObject({ code: 0, stdout: expect.stringContaining("berth __complete"), stderr: "" });
  expect(await berth(["completion", "tcsh"])).toMatchObject({ code: 2 });
});
