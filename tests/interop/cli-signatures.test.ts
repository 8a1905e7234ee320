import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, requirePart, run, type RunResult, type Scratch, writeTinyImage } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cli, cliIn, homeOf } from "./support/cli.ts";
import { type RunningServer, SERVERS } from "./support/servers.ts";

const PLAIN = SERVERS.filter(({ name }) => name.endsWith(", plain"));
/** Both forms: a bundle that refers to the image, and the tag of older releases. */
const FORMS = [
  { form: "referrers", sign: [], copy: ["--referrers"] },
  { form: "tags", sign: ["--new-bundle-format=false"], copy: ["--digest-tags"] },
] as const;

for (const from of PLAIN) {
  for (const to of PLAIN.filter((one) => one !== from)) {
    describeWithParts(
      `images signed by cosign, copied by berth from ${from.name} to ${to.name}`,
      [...from.needs, ...to.needs, "cosign", "busybox"],
      () => {
        let scratch: Scratch;
        let berth: Cli;
        let servers: RunningServer[] = [];
        beforeAll(async () => {
          scratch = await createScratch();
          berth = cliIn(scratch);
          servers = [await from.start(), await to.start()];
          await cosign("generate-key-pair");
        });
        afterAll(async () => {
          for (const server of servers) await server.stop();
          servers = [];
          await scratch?.remove();
        });

        // The key pair is made for the run: its password protects nothing.
        const cosign = async (...args: readonly string[]): Promise<RunResult> =>
          await run(requirePart("cosign").command("cosign"), args, {
            cwd: scratch.path,
            env: { ...homeOf(scratch), COSIGN_PASSWORD: "test-only", COSIGN_EXPERIMENTAL: "1" },
            mayFail: true,
          });
        const signWith = async (reference: string, more: readonly string[]): Promise<void> => {
          const flags = ["--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry", "-y"];
          const signed = await cosign("sign", ...flags, ...more, reference);
          expect(signed.exitCode, signed.stderr).toBe(0);
        };
        const verify = async (reference: string, more: readonly string[]): Promise<number> => {
          const flags = ["--key", "cosign.pub", "--insecure-ignore-tlog=true", "--allow-http-registry"];
          return (await cosign("verify", ...flags, ...more, reference)).exitCode;
        };

        test.each(FORMS)("a signature that stands in $form still passes verification", async ({ form, sign, copy }) => {
          const image = await writeTinyImage(scratch.join(form));
          const [source, destination] = servers.map(({ host }) => `${host}/signed/${form}`);
          const at = `@${image.manifest.digest}`;
          await berth(["push", `${source}:1`, `oci:${image.path}:${image.tag}`]);
          await signWith(`${source}${at}`, sign);

          await berth(["cp", `${source}:1`, `${destination}/bare:1`]);
          expect(await verify(`${destination}/bare${at}`, sign)).not.toBe(0);
          await berth(["cp", ...copy, `${source}:1`, `${destination}/whole:1`]);
          expect(await verify(`${destination}/whole${at}`, sign)).toBe(0);

          const layout = `oci:${scratch.join(`${form}-layout`)}`;
          await berth(["cp", ...copy, `${source}:1`, `${layout}:1`]);
          await berth(["cp", ...copy, `${layout}:1`, `${destination}/again:1`]);
          expect(await verify(`${destination}/again${at}`, sign)).toBe(0);
        });

        test("a signature under a tag is good as a referrer, too, and the other way round", async () => {
          const tagged = ["--new-bundle-format=false"];
          const referring = [...tagged, "--experimental-oci11"];
          const image = await writeTinyImage(scratch.join("styles"));
          const [source, destination] = servers.map(({ host }) => `${host}/styles/image`);
          const at = `@${image.manifest.digest}`;
          await berth(["push", `${source}:1`, `oci:${image.path}:${image.tag}`]);
          await signWith(`${source}${at}`, tagged);

          await berth(["cp", "--referrers-style", "api", `${source}:1`, `${destination}/api:1`]);
          expect((await berth(["ls", "--all", `${destination}/api`])).stdout).not.toContain(".sig");
          expect(await verify(`${destination}/api${at}`, referring)).toBe(0);
          expect(await verify(`${destination}/api${at}`, tagged)).not.toBe(0);
          await berth(["cp", "--referrers-style", "tags", `${destination}/api:1`, `${source}/tags:1`]);
          expect(await verify(`${source}/tags${at}`, tagged)).toBe(0);
        });
      },
    );
  }
}
