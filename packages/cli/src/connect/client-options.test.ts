import { descriptorOf } from "@berth/oci/node";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { berth } from "../testing/run-berth.ts";

test.each([
  [
    "HTTPS_PROXY",
    "socks4://me:secret@p.test:1",
    'Cannot use proxy "p.test:1": expected the scheme http, https, socks5 or socks5h, got "socks4"',
  ],
  ["HTTP_PROXY", "http://me:se#cret@p.test:1", "Cannot use proxy: its address is no URL; in a password, #, "],
])("%s that cannot be one is the user's mistake, and told without the password", async (variable, value, message) => {
  const ran = await berth(["digest", "reg.test/app:v1"], { env: { [variable]: value } });
  expect(ran).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(`berth: ${message}`) });
  expect(ran.stderr).not.toContain("cret");
});

test("[client/N-6] a blob that stalls for longer than --stall-timeout says goes on over another connection", async () => {
  const registry = await startScriptedRegistry();
  const never = Promise.withResolvers<void>();
  onTestFinished(async () => {
    never.resolve();
    await registry.close();
  });
  const bytes = Buffer.from("0123456789");
  const { digest } = descriptorOf("application/octet-stream", bytes);
  async function* stalling(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 4);
    await never.promise;
  }
  const at = `/v2/a/blobs/${digest}`;
  registry.on("GET", "/v2/", {}).on("HEAD", at, { headers: { "content-length": "10" } });
  registry.on(
    "GET",
    at,
    { headers: { "content-length": "10" }, body: stalling() },
    { status: 206, headers: { "content-range": "bytes 4-9/10" }, body: bytes.subarray(4) },
  );
  const ran = await berth(["blob", "get", "--stall-timeout", "50ms", `${registry.host}/a@${digest}`]);
  expect(ran).toEqual({ code: 0, stdout: "0123456789", stderr: "" });
  expect(registry.requests.at(-1)?.headers["range"]).toBe("bytes=4-9");
});
