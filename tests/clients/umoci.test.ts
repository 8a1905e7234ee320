import { readFile, writeFile } from "node:fs/promises";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { readLayout } from "@berth/testkit/parts";
import { expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const FROM = "--src-tls-verify=false";
const TO = "--dest-tls-verify=false";

// umoci works on layout folders only: skopeo carries them to the registry and back, as umoci's own documentation has it.
describeWithParts("umoci", [...SETTING_PARTS, "skopeo", "umoci", "umoci-sid"], () => {
  const setting = useSetting();

  test.each(["umoci", "umoci-sid"] as const)("%s unpacks a pulled image, repacks a change, and the result pulls whole", async (part) => {
    const { run, host, probe, scratch, tiny } = setting();
    const umoci = (args: readonly string[]) => run(part, args, { command: "umoci" });
    await probe.seed(tiny, `unpack/${part}`, "1");
    const layout = scratch.join(`layout-${part}`);
    const bundle = scratch.join(`bundle-${part}`);
    await run("skopeo", ["copy", FROM, `docker://${host}/unpack/${part}:1`, `oci:${layout}:1`]);
    await umoci(["unpack", "--image", `${layout}:1`, bundle]);
    expect((await readFile(`${bundle}/rootfs/bin/busybox`)).equals(await readFile("/bin/busybox"))).toBe(true);
    await writeFile(`${bundle}/rootfs/hello`, "changed");
    await umoci(["repack", "--image", `${layout}:2`, bundle]);
    await run("skopeo", ["copy", TO, `oci:${layout}:2`, `docker://${host}/unpack/${part}:2`]);

    const back = scratch.join(`back-${part}`);
    await run("skopeo", ["copy", FROM, `docker://${host}/unpack/${part}:2`, `oci:${back}:2`]);
    expect((await readLayout(back, "2")).manifest.digest).toBe((await probe.manifest(`unpack/${part}`, "2")).digest);
    await umoci(["unpack", "--image", `${back}:2`, scratch.join(`again-${part}`)]);
    expect(await readFile(scratch.join(`again-${part}`, "rootfs", "hello"), "utf8")).toBe("changed");
  });

  test("the Debian root file system unpacks from what was pulled", async () => {
    const { run, host, scratch, debian } = setting();
    await run("skopeo", ["copy", TO, `oci:${debian.path}:${debian.tag}`, `docker://${host}/debian:1`]);
    await run("skopeo", ["copy", FROM, `docker://${host}/debian:1`, `oci:${scratch.join("debian")}:1`]);
    await run("umoci-sid", ["unpack", "--image", `${scratch.join("debian")}:1`, scratch.join("debian-bundle")], { command: "umoci" });
    expect(await readFile(scratch.join("debian-bundle", "rootfs", "etc", "os-release"), "utf8")).toContain("Debian GNU/Linux");
  });
});
