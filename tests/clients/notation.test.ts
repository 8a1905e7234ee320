import { writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { beforeAll, expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const PLAIN = "--insecure-registry";
const SIGNATURE = "application/vnd.cncf.notary.signature";
const POLICY = {
  version: "1.0",
  trustPolicies: [
    {
      name: "test",
      registryScopes: ["*"],
      signatureVerification: { level: "strict" },
      trustStores: ["ca:berth.test"],
      trustedIdentities: ["*"],
    },
  ],
};

describeWithParts("notation", [...SETTING_PARTS, "notation"], () => {
  const setting = useSetting();
  const notation = (args: readonly string[]) => setting().run("notation", args);

  beforeAll(async () => {
    const { scratch } = setting();
    await notation(["cert", "generate-test", "--default", "berth.test"]);
    await writeFile(scratch.join("policy.json"), JSON.stringify(POLICY));
    await notation(["policy", "import", scratch.join("policy.json")]);
  });

  test.each(["tiny", "debian"] as const)("sign, list and verify the %s image through the referrers API", async (name) => {
    const { host, probe, wire, [name]: image } = setting();
    const repository = `notary/${name}`;
    await probe.seed(image, repository, "1");
    const reference = `${host}/${repository}@${image.manifest.digest}`;
    wire.clear();
    await notation(["sign", PLAIN, "--force-referrers-tag=false", reference]);
    const put = wire.find("PUT", /\/manifests\//);
    expect(put.map((one) => [one.status, one.answer["oci-subject"]])).toEqual([[201, image.manifest.digest]]);
    const [signature] = await probe.referrers(repository, image.manifest.digest);
    expect(signature?.artifactType).toBe(SIGNATURE);
    expect(await probe.tags(repository)).toEqual(["1"]);

    wire.clear();
    expect((await notation(["list", PLAIN, reference])).stdout).toContain(signature?.digest);
    const [listed] = wire.find("GET", /\/referrers\/sha256:/);
    expect(listed?.query.get("artifactType")).toBe(SIGNATURE);
    expect([listed?.status, listed?.answer["oci-filters-applied"]]).toEqual([200, "artifactType"]);
    expect((await notation(["verify", PLAIN, reference])).stdout).toContain("Successfully verified");
  });

  test("verify refuses an image that nobody signed", async () => {
    const { host, probe, tiny } = setting();
    await probe.seed(tiny, "notary/unsigned", "1");
    await expect(notation(["verify", PLAIN, `${host}/notary/unsigned@${tiny.manifest.digest}`])).rejects.toThrow(
      /no signature is associated/,
    );
  });

  test("a second signature with the referrers tag schema replaces the fallback index and deletes the old one", async () => {
    const { host, probe, tiny, wire } = setting();
    await probe.seed(tiny, "notary/tags", "1");
    const reference = `${host}/notary/tags@${tiny.manifest.digest}`;
    await notation(["sign", PLAIN, "--force-referrers-tag=true", reference]);
    wire.clear();
    await notation(["sign", PLAIN, "--force-referrers-tag=true", reference]);
    expect(wire.find("DELETE", /\/manifests\/sha256:/).map((one) => one.status)).toEqual([202]);
    const fallback = await probe.manifest("notary/tags", tiny.manifest.digest.replace(":", "-"));
    const index: { readonly manifests: readonly unknown[] } = JSON.parse(fallback.text);
    expect(index.manifests.length).toBe(2);
  });
});
