import { writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { beforeAll, expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const PLAIN = "--allow-http-registry";
// The key pair is made for the run: its password protects nothing.
const ENV = { COSIGN_PASSWORD: "test-only" };

describeWithParts("cosign", [...SETTING_PARTS, "cosign"], () => {
  const setting = useSetting();
  const cosign = (args: readonly string[]) => setting().run("cosign", args, { env: ENV, cwd: setting().scratch.path });
  const sign = (reference: string, more: readonly string[] = []) =>
    cosign(["sign", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", PLAIN, "-y", ...more, reference]);
  const verify = (reference: string, more: readonly string[] = []) =>
    cosign(["verify", "--key", "cosign.pub", "--insecure-ignore-tlog=true", PLAIN, ...more, reference]);

  beforeAll(async () => {
    await cosign(["generate-key-pair"]);
  });

  test.each(["tiny", "debian"] as const)("sign puts a bundle beside the %s image as a referrer, verify finds it", async (name) => {
    const { host, probe, wire, [name]: image } = setting();
    await probe.seed(image, `signed/${name}`, "1");
    const reference = `${host}/signed/${name}@${image.manifest.digest}`;
    wire.clear();
    await sign(reference);
    expect(wire.find("GET", /\/referrers\/sha256:/).map((one) => one.status)).toContain(200);
    const referrers = await probe.referrers(`signed/${name}`, image.manifest.digest);
    expect(referrers.map((one) => one.artifactType)).toEqual([expect.stringContaining("application/vnd.dev.sigstore.bundle")]);
    expect(await probe.tags(`signed/${name}`)).toEqual(["1"]); // neither .sig nor fallback tag
    wire.clear();
    expect((await verify(reference)).stdout).toContain(image.manifest.digest);
    expect(wire.find("GET", /\/referrers\/sha256:/).map((one) => one.status)).toContain(200);
  });

  test("verify refuses an image that nobody signed", async () => {
    const { host, probe, tiny } = setting();
    await probe.seed(tiny, "unsigned", "1");
    await expect(verify(`${host}/unsigned@${tiny.manifest.digest}`)).rejects.toThrow(/no signatures|no matching/i);
  });

  test("tree shows the signature and finds no .sig, .att and .sbom tags", async () => {
    const { host, probe, tiny, wire } = setting();
    await probe.seed(tiny, "tree", "1");
    const reference = `${host}/tree@${tiny.manifest.digest}`;
    await sign(reference);
    wire.clear();
    expect((await cosign(["tree", PLAIN, reference])).stdout).toContain("via OCI referrer");
    const probes = wire.exchanges.filter((one) => /\/manifests\/sha256-[0-9a-f]{64}\.(sig|att|sbom)$/.test(one.path));
    expect(new Set(probes.map((one) => one.status))).toEqual(new Set([404]));
  });

  test("the tag scheme of cosign 2: signature under sha256-<hex>.sig", async () => {
    const { host, probe, tiny } = setting();
    await probe.seed(tiny, "tagged/sig", "1");
    const reference = `${host}/tagged/sig@${tiny.manifest.digest}`;
    await sign(reference, ["--new-bundle-format=false"]);
    expect(await probe.tags("tagged/sig")).toEqual(["1", `${tiny.manifest.digest.replace(":", "-")}.sig`]);
    await verify(reference, ["--new-bundle-format=false"]);
  });

  test("attest and verify-attestation carry a predicate", async () => {
    const { host, probe, scratch, tiny } = setting();
    await probe.seed(tiny, "attested", "1");
    const reference = `${host}/attested@${tiny.manifest.digest}`;
    await writeFile(scratch.join("predicate.json"), '{"builder":"test"}');
    const type = ["--type", "https://berth.example/predicate"];
    await cosign([
      "attest",
      "--key",
      "cosign.key",
      "--use-signing-config=false",
      "--tlog-upload=false",
      PLAIN,
      "-y",
      "--predicate",
      "predicate.json",
      ...type,
      reference,
    ]);
    await cosign(["verify-attestation", "--key", "cosign.pub", "--insecure-ignore-tlog=true", PLAIN, ...type, reference]);
    expect((await probe.referrers("attested", tiny.manifest.digest)).length).toBe(1);
  });
});
