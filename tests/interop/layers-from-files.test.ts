import { chmod, mkdir, writeFile } from "node:fs/promises";
import { bytesSource, createImageBuilder, type Platform } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { run } from "@berth/testkit/parts";
import { layerFromFiles } from "@berth/transfer";
import { expect, test } from "vitest";
import { usePackSetting } from "./support/pack-setting.ts";

const amd64: Platform = { os: "linux", architecture: "amd64" };

describeWithParts("layers of files", ["crane", "skopeo"], () => {
  const setting = usePackSetting();

  const layerOfFiles = async (compression: "gzip" | "zstd" | "none") => {
    await mkdir(setting().join("root", "etc"), { recursive: true });
    await writeFile(setting().join("root", "etc", "é.conf"), "conf");
    await chmod(setting().join("root", "etc", "é.conf"), 0o755);
    return await layerFromFiles([{ path: setting().join("root"), name: "" }], { compression });
  };

  test.each(["gzip", "zstd", "none"] as const)(
    "a layer of files, compressed by %s, is read by skopeo, crane and tar",
    async (compression) => {
      const repository = setting().registry.repository(`layers/${compression}`);
      await using layer = await layerOfFiles(compression);
      await repository.push(layer.descriptor, layer.source);
      const config = Buffer.from(JSON.stringify({ ...amd64, config: {}, rootfs: { type: "layers", diff_ids: [layer.diffId] } }));
      const builder = createImageBuilder({ blobs: repository.blobs, config });
      builder.appendReference(layer);
      const { raw, mediaType } = await builder.build();
      await repository.pushReference(descriptorOf(mediaType, raw), bytesSource(raw), "1");
      if (compression === "gzip") await setting().call("crane", "validate", "--remote", `${setting().host}/layers/gzip:1`); // it knows no other layers
      await setting().call(
        "skopeo",
        "copy",
        "--src-tls-verify=false",
        `docker://${setting().host}/layers/${compression}:1`,
        `dir:${setting().join(compression)}`,
      );
      await using plain = await layerOfFiles("none");
      const archive = Buffer.concat(await Array.fromAsync(plain.source));
      expect(layer.diffId).toBe(digestOf(archive));
      const list = ["-tvf", "-", "--numeric-owner", "--quoting-style=literal"];
      const { stdout } = await run("/usr/bin/tar", list, { env: { LC_ALL: "C.UTF-8", TZ: "UTC" }, input: archive });
      expect(stdout).toMatch(/-rwxr-xr-x 0\/0 +4 1970-01-01 00:00 etc\/é\.conf/);
    },
  );
});
