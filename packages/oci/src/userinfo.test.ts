import { expect, test } from "vitest";
import { InvalidReferenceError } from "./errors.ts";
import { parseNormalizedNamed } from "./docker-reference.ts";
import { withoutUserinfo } from "./userinfo.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

test.each([
  ["https://me:secret@ghcr.io/acme/app:v1", "https://ghcr.io/acme/app:v1"],
  ["https://secret@ghcr.io", "https://ghcr.io"],
  ["me:secret@localhost:7016/p/deb:1", "localhost:7016/p/deb:1"],
  ["secret@ghcr.io/acme/app", "ghcr.io/acme/app"],
  ["me:sec/re@t@ghcr.io/acme/app", "ghcr.io/acme/app"],
  [`me:secret@ghcr.io/acme/app:v1@${DIGEST}`, `ghcr.io/acme/app:v1@${DIGEST}`],
  ["me:secret@ghcr.io/acme/app@sha256:cut", "ghcr.io/acme/app@sha256:cut"],
])("%s is shown without who it was pasted by", (text, shown) => {
  expect(withoutUserinfo(text)).toBe(shown);
});

test.each([
  "debian:12",
  "oci:/home/me@work/images:v1",
  "debian@v1",
  `debian@${DIGEST}`,
  `localhost:5000/app:v1@${DIGEST}`,
  "localhost:5000/app@sha256:cut",
  "localhost:5000/app@sha1:0a",
  "",
])("%s holds no password, and is shown as it is", (text) => {
  expect(withoutUserinfo(text)).toBe(text);
});

test("an error about a reference holds no password, wherever one looks", () => {
  let error: unknown;
  try {
    parseNormalizedNamed("me:secret@localhost:5000/app:v1");
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(InvalidReferenceError);
  expect(error).toMatchObject({ input: "localhost:5000/app:v1" });
  expect(`${String(error)}${error instanceof Error ? error.stack : ""}`).not.toContain("secret");
});
