import type { JsonObject } from "@berth/oci";
import { expect, test } from "vitest";
import { type ConfigEdits, editConfigDocument } from "./config-edits.ts";
import { formatDocument, parseDocument } from "./document.ts";
import { editEnv } from "./env-edits.ts";
import { InvalidImageConfigError, InvalidPackError } from "./errors.ts";

const start: JsonObject = parseDocument(
  Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      "x.unknown": { deep: [1] },
      config: {
        Env: ["PATH=/bin", "A=1"],
        Labels: { b: "2", a: "1" },
        Entrypoint: ["/old"],
        Cmd: ["arg"],
        ExposedPorts: { "80/tcp": {} },
        Healthcheck: { Interval: 30_000_000_000 },
      },
      rootfs: { type: "layers", diff_ids: [] },
      history: [{ created_by: "base" }],
    }),
  ),
);

function container(edits: ConfigEdits): unknown {
  return editConfigDocument(start, edits)["config"];
}

test("editConfigDocument() changes what it is told to, and leaves the rest", () => {
  const edited = editConfigDocument(start, {
    labels: { a: null, c: "3" },
    env: { A: "2", B: "b" },
    appendEnv: { PATH: "/opt/bin" },
    user: "nobody",
    workdir: "/work",
    stopSignal: "SIGINT",
    ports: { "53/udp": true, "80/tcp": false },
    volumes: { "/data": true },
    author: "someone",
    created: "2026-01-02T03:04:05Z",
    history: { createdBy: "berth", comment: "labels" },
  });
  expect(new TextDecoder().decode(formatDocument(edited))).toBe(
    '{"architecture":"amd64","os":"linux","x.unknown":{"deep":[1]},"config":{"Env":["PATH=/bin:/opt/bin","A=2","B=b"],"Labels":{"b":"2","c":"3"},' +
      '"Entrypoint":["/old"],"Cmd":["arg"],"ExposedPorts":{"53/udp":{}},"Healthcheck":{"Interval":30000000000},"Volumes":{"/data":{}},' +
      '"User":"nobody","WorkingDir":"/work","StopSignal":"SIGINT"},"rootfs":{"type":"layers","diff_ids":[]},' +
      '"history":[{"created_by":"base"},{"created_by":"berth","comment":"labels","empty_layer":true}],"author":"someone","created":"2026-01-02T03:04:05Z"}',
  );
});

test("editConfigDocument() takes the arguments of the old entrypoint away", () => {
  expect(container({ entrypoint: ["/new"] })).not.toHaveProperty("Cmd");
  expect(container({ entrypoint: ["/new"], cmd: ["x"] })).toMatchObject({ Entrypoint: ["/new"], Cmd: ["x"] });
  expect(container({ entrypoint: null })).toMatchObject({ Cmd: ["arg"] });
  expect(container({ cmd: null })).not.toHaveProperty("Cmd");
});

test("editConfigDocument() sets a platform whole", () => {
  const windows = editConfigDocument(start, { platform: { os: "windows", architecture: "arm64", "os.version": "10.0.1" } });
  expect(windows).toMatchObject({ os: "windows", architecture: "arm64", "os.version": "10.0.1" });
  const linux = editConfigDocument(windows, { platform: { os: "linux", architecture: "arm", variant: "v7" } });
  expect([linux["os.version"], linux["variant"]]).toEqual([undefined, "v7"]);
});

test("editConfigDocument() gives the very document when nothing changes", () => {
  const noEdits: readonly ConfigEdits[] = [
    {},
    { history: { comment: "nothing" }, labels: { a: "1" } },
    { labels: { a: "1", gone: null }, env: { A: "1", GONE: null } },
    { cmd: ["arg"], ports: { "80/tcp": true, "81/tcp": false }, volumes: { "/x": false } },
    { platform: { os: "linux", architecture: "amd64" }, user: null, created: null },
  ];
  for (const edits of noEdits) expect(editConfigDocument(start, edits)).toBe(start);
  expect(editConfigDocument({ os: "linux" }, { labels: {}, env: {} })).toEqual({ os: "linux" });
});

test("editConfigDocument() adds a step to the history when that is all, or something beside the config changes", () => {
  const edits = { history: { comment: "alone" } };
  const after = [{ created_by: "base" }, { comment: "alone", empty_layer: true }];
  expect(editConfigDocument(start, edits)["history"]).toEqual(after);
  expect(editConfigDocument(start, edits, true)["history"]).toEqual(after);
  expect(editConfigDocument(start, edits, false)).toBe(start);
});

test("editConfigDocument() writes no history where there is none", () => {
  expect(editConfigDocument({ os: "linux" }, { user: "x", history: { comment: "c" } })).toEqual({ os: "linux", config: { User: "x" } });
});

test("editConfigDocument() refuses edits that make no sense, and configs that are none", () => {
  const bad: readonly (readonly [edits: ConfigEdits, part: string])[] = [
    [{ labels: { "": "x" } }, "labels"],
    [{ env: { "A=B": "x" } }, "env"],
    [{ appendEnv: { "": "x" } }, "env"],
    [{ ports: { "0": true } }, "ports"],
    [{ ports: { "65536/tcp": true } }, "ports"],
    [{ ports: { "90-80": false } }, "ports"],
    [{ ports: { http: true } }, "ports"],
    [{ volumes: { "": true } }, "volumes"],
    [{ platform: { os: "linux", architecture: "" } }, "platform"],
    [{ created: "today" }, "created"],
    [{ history: { created: "today" } }, "history.created"],
  ];
  for (const [edits, part] of bad)
    expect(() => editConfigDocument(start, edits)).toThrow(expect.objectContaining({ code: "ERR_INVALID_PACK", part }));
  expect(() => editConfigDocument({ config: [] }, {})).toThrow(InvalidImageConfigError);
  expect(() => editConfigDocument({ config: { Env: "x" } }, { env: { A: "1" } })).toThrow(InvalidImageConfigError);
  expect(() => editConfigDocument({ history: [1] }, { user: "x" })).toThrow(InvalidImageConfigError);
});

test("editEnv() keeps the order, and tells names of Windows apart without regard to case", () => {
  expect(editEnv(["B=1", "odd", "A=1", "B=2"], { env: { A: "x=y", C: "" } }, "linux")).toEqual(["B=2", "odd", "A=x=y", "C="]);
  expect(editEnv(["Path=C:\\a"], { env: { path: "C:\\b", new: "1" }, appendEnv: { PATH: "C:\\c" } }, "windows")).toEqual([
    "Path=C:\\b;C:\\c",
    "NEW=1",
  ]);
  const twice = ["A=1", "B=2", "A=3"];
  expect(editEnv(twice, { env: { B: "2", A: "3", C: null } }, "linux")).toBe(twice);
  expect(editEnv(twice, { env: { B: "3" } }, "linux")).toEqual(["A=3", "B=3"]);
  expect(() => editEnv([], { env: { "": "x" } }, "linux")).toThrow(InvalidPackError);
});
