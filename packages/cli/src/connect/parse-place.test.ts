import { formatLocation, InvalidLocationError } from "@berth/transfer/location";
import { expect, test } from "vitest";
import { useRegistry } from "../testing/use-registry.test-kit.ts";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { parsePlace } from "./parse-place.ts";

const at = useRegistry();

test.each([
  ["https://ghcr.io/acme/app:v1", "ghcr.io/acme/app:v1"],
  ["http://localhost:5000/app", "localhost:5000/app"],
  ["oci://ghcr.io/acme/app:v1", "ghcr.io/acme/app:v1"],
  ["debian:12", "docker.io/library/debian:12"],
])("[client/B-13] a scheme in front of a reference is taken away: %s", (text, expected) => {
  expect(formatLocation(parsePlace(text))).toBe(expected);
});

test.each([
  "HTTPS://ghcr.io/acme/app",
  "ftp://ghcr.io/acme/app",
  "http://oci:folder",
  "https://-",
  "https://",
  "https://ghcr.io",
  "http://https://a.test/b",
])("[client/B-13] only https:// and http:// are, as they are written, and only in front of references: %s", (text) => {
  expect(() => parsePlace(text)).toThrow(InvalidLocationError);
});

test("[client/B-13] an address that was pasted is read and written as what it names", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  for (const scheme of ["http", "https"]) {
    const pasted = `${scheme}://${at.app}`;
    expect(await berth(["digest", `${pasted}:v1`])).toEqual({ code: 0, stdout: `${manifest.digest}\n`, stderr: "" });
    const copied = await berth(["cp", `${pasted}:v1`, `${pasted}:${scheme}`]);
    expect(copied).toMatchObject({ code: 0, stdout: `${at.app}:${scheme}@${manifest.digest}\n` });
    expect(await berth(["tag", `${pasted}:v1`, `${pasted}:v2`])).toMatchObject({ code: 0 });
    expect((await berth(["ls", pasted])).stdout.split("\n")).toEqual(expect.arrayContaining([scheme, "v1", "v2"]));
  }
  expect(await berth(["digest", `http://${at.app}:none`])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining(`berth ls ${at.app}\n`),
  });
});
