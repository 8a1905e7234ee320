import { inspect } from "node:util";
import { expect, test } from "vitest";
import { decodeAuthEntry, encodeAuthEntry } from "./auth-entry.ts";
import type { Credential } from "./credential.ts";
import { CredentialFileError, InvalidCredentialError } from "./errors.ts";

const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");
const decode = (entry: unknown): Credential | undefined => decodeAuthEntry(entry, { file: "config.json", key: "r.test" });

test("[client/B-56] auth goes before the fields, is split at its first colon and may lack padding", () => {
  expect(decode({ auth: base64("u:p:q"), username: "x", password: "y" })).toEqual({ username: "u", password: "p:q" });
  expect(decode({ auth: base64("u:pass").replace(/=+$/, "") })).toEqual({ username: "u", password: "pass" });
  expect(decode({ auth: `${base64("u:p")}\n` })).toEqual({ username: "u", password: "p" });
  expect(decode({ auth: base64("u:p\0\0") })).toEqual({ username: "u", password: "p" });
  expect(decode({ username: "u", password: "p", email: "e" })).toEqual({ username: "u", password: "p" });
});

test("[client/B-56] tokens come from their own fields", () => {
  expect(decode({ auth: base64("u:"), identitytoken: "i" })).toEqual({ username: "u", refreshToken: "i" });
  expect(decode({ registrytoken: "t" })).toEqual({ accessToken: "t" });
});

test("[client/B-56] an empty entry holds no credential", () => {
  for (const entry of [{}, null, { auth: "" }, { auth: null }, { email: "e" }, { auth: base64(":") }])
    expect(decode(entry)).toBeUndefined();
});

test.each([
  { auth: base64("secret-without-colon") },
  { auth: "sec*ret" },
  { auth: base64("secret\xff:x") },
  { auth: ["secret"] },
  { identitytoken: { secret: 1 } },
  "secret",
])("[client/B-56] a malformed entry is an error that shows nothing of it: %#", (entry) => {
  expect(() => decode(entry)).toThrow(CredentialFileError);
  try {
    decode(entry);
  } catch (error) {
    expect(inspect(error)).toContain("config.json");
    expect(inspect(error)).toContain('"r.test"');
    expect(inspect(error)).not.toMatch(/sec\*?ret(?!s)/);
    expect(inspect(error)).not.toContain(base64("secret").slice(0, 6));
  }
});

test("[client/B-56,B-57] what is written is read back, and a username with a colon is refused", () => {
  const credentials: readonly Credential[] = [
    { username: "u", password: "p:ä" },
    { username: "u", refreshToken: "r" },
    { accessToken: "t" },
    { password: "only" },
  ];
  for (const credential of credentials) expect(decode(encodeAuthEntry(credential))).toEqual(credential);
  expect(() => encodeAuthEntry({ username: "a:b", password: "secret" })).toThrow(InvalidCredentialError);
  expect(() => encodeAuthEntry({ username: "a:b", password: "secret" })).toThrow(/^(?!.*secret)/);
});

test("[client/B-56] printing a credential shows which secrets there are, not what they are", () => {
  const found = decode({ auth: base64("u:hunter2"), identitytoken: "hunter3", registrytoken: "hunter4" });
  for (const text of [inspect(found), inspect({ nested: [found] }, { depth: 9 })]) {
    expect(text).toContain("concealed");
    expect(text).toContain("u");
    expect(text).not.toContain("hunter");
  }
});
