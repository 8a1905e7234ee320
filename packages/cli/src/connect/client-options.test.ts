import { expect, test } from "vitest";
import { berth } from "../testing/run-berth.ts";

test.each([
  ["HTTPS_PROXY", "socks5://me:secret@p.test:1", 'Cannot use proxy "p.test:1": expected the scheme http or https, got "socks5"'],
  ["HTTP_PROXY", "http://me:se#cret@p.test:1", "Cannot use proxy: its address is no URL; in a password, #, "],
])("%s that cannot be one is the user's mistake, and told without the password", async (variable, value, message) => {
  const ran = await berth(["digest", "reg.test/app:v1"], { env: { [variable]: value } });
  expect(ran).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(`berth: ${message}`) });
  expect(ran.stderr).not.toContain("cret");
});
