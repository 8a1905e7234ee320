import { expect, expectTypeOf, test } from "vitest";
import { InvalidManifestError } from "./errors.ts";
import { decodeImageConfig } from "./image-config.ts";

const decode = (config: unknown): ReturnType<typeof decodeImageConfig> => decodeImageConfig(Buffer.from(JSON.stringify(config)));

const WHOLE = {
  architecture: "arm64",
  os: "linux",
  "os.version": "1",
  "os.features": ["a"],
  variant: "v8",
  created: "2026-01-01T00:00:00Z",
  author: "alice",
  config: {
    User: "app",
    ExposedPorts: { "80/tcp": {} },
    Env: ["A=b"],
    Entrypoint: ["/bin/app"],
    Cmd: ["--help"],
    Volumes: { "/data": {} },
    WorkingDir: "/",
    Labels: { a: "b" },
    StopSignal: "SIGTERM",
    Healthcheck: { Test: ["NONE"] },
  },
  rootfs: { type: "layers", diff_ids: ["sha256:ab"] },
  history: [{ created: "2026-01-01T00:00:00Z", created_by: "COPY", author: "bob", comment: "c", empty_layer: true, other: 1 }],
  container: "c",
};

test("decodeImageConfig() gives what is there, members that nobody knows too", () => {
  expect(decode(WHOLE)).toEqual(WHOLE);
  expect(decode({})).toEqual({});
});

test("decodeImageConfig() leaves out what is null, as docker writes what is nothing", () => {
  const none = { config: { Cmd: null, Volumes: null, OnBuild: null }, history: null, os: "linux" };
  expect(decode(none)).toEqual({ config: { OnBuild: null }, os: "linux" });
  expect(decode({ config: null })).toEqual({});
});

test.each([
  [[], "expected a JSON object"],
  [{ os: 1 }, "the config's os: expected a text"],
  [{ "os.features": "a" }, "the config's os.features: expected an array"],
  [{ config: [] }, "the config's config: expected an object"],
  [{ config: { Env: "A=b" } }, "the config's config.Env: expected an array"],
  [{ config: { Cmd: ["a", 1] } }, "the config's config.Cmd[1]: expected a text"],
  [{ config: { Cmd: [null] } }, "the config's config.Cmd[0]: expected a text"],
  [{ config: { Labels: { a: 1 } } }, "the config's config.Labels.a: expected a text"],
  [{ config: { Volumes: ["/data"] } }, "the config's config.Volumes: expected an object"],
  [{ rootfs: { diff_ids: [1] } }, "the config's rootfs.diff_ids[0]: expected a text"],
  [{ history: {} }, "the config's history: expected an array"],
  [{ history: [{}, { empty_layer: "no" }] }, "the config's history[1].empty_layer: expected true or false"],
])("decodeImageConfig() refuses %j: %s", (config, reason) => {
  expect(() => decode(config)).toThrow(InvalidManifestError);
  expect(() => decode(config)).toThrow(`Cannot accept manifest: ${reason}`);
});

test("decodeImageConfig() takes names of objects for members like others", () => {
  const text = '{"__proto__":{"os":1},"constructor":1,"toString":"x","config":{"Labels":{"__proto__":"a"}}}';
  const config = decodeImageConfig(Buffer.from(text));
  expect(JSON.stringify(config)).toBe(text);
  expect(config.os).toBeUndefined();
});

test("the members of a decoded config have the types that were checked", () => {
  const config = decode(WHOLE);
  expectTypeOf(config.config?.Env).toEqualTypeOf<readonly string[] | undefined>();
  expectTypeOf(config.rootfs?.diff_ids).toEqualTypeOf<readonly string[] | undefined>();
  expectTypeOf(config.history?.[0]?.empty_layer).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(config["container"]).toBeUnknown();
});
