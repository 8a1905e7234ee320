import { BerthError } from "@berth/oci";
import { expect, test } from "vitest";
import { type AccessLogEntry, formatAccessLine } from "./log-access.ts";
import { type CreateLoggerOptions, createLogger } from "./log-create.ts";
import { redactUri } from "./log-fields.ts";
import { processFields } from "./log-process.ts";

const now = (): Date => new Date("2026-01-02T03:04:05.678Z");

function linesOf(options: Omit<CreateLoggerOptions, "write">, log: (logger: ReturnType<typeof createLogger>) => void): readonly string[] {
  const lines: string[] = [];
  log(createLogger({ now, ...options, write: (line) => lines.push(line) }));
  return lines;
}

test("[server/G2] text lines are logrus's: time, level, msg and sorted fields, quoted where needed", () => {
  const lines = linesOf({ fields: { service: "registry" } }, (log) => {
    log.info("listening on [::]:5000");
    log.warn("odd", { b: "two words", a: 1, "c.d": { e: 1 }, f: undefined });
  });
  expect(lines).toEqual([
    'time="2026-01-02T03:04:05.678Z" level=info msg="listening on [::]:5000" service=registry\n',
    'time="2026-01-02T03:04:05.678Z" level=warning msg=odd a=1 b="two words" c.d="{\\"e\\":1}" service=registry\n',
  ]);
});

test("[server/G2] json and logstash lines have the reference's names", () => {
  const log = (logger: ReturnType<typeof createLogger>): void => logger.error("broken", { level: "mine", n: 3n });
  const fields = { "http.request.id": "x" };
  expect(linesOf({ formatter: "json", fields }, log).map((line) => JSON.parse(line))).toEqual([
    { level: "error", time: "2026-01-02T03:04:05.678Z", "http.request.id": "x", "fields.level": "mine", n: "3", msg: "broken" },
  ]);
  expect(linesOf({ formatter: "logstash", fields }, log).map((line) => JSON.parse(line))).toEqual([
    {
      level: "error",
      "@timestamp": "2026-01-02T03:04:05.678Z",
      "@version": "1",
      "http.request.id": "x",
      "fields.level": "mine",
      n: "3",
      message: "broken",
    },
  ]);
});

test.each(["text", "json", "logstash"] as const)("a %s line is written whatever its fields hold", (formatter) => {
  const round: Record<string, unknown> = { deep: 1n };
  const [plain = ""] = linesOf({ formatter }, (log) => log.info("x", { round, nothing: null, function: now }));
  expect(plain).toContain("deep");
  round["self"] = round;
  const [line = ""] = linesOf({ formatter }, (log) => log.info("x", { round, other: "seen" }));
  expect(line).toContain("[not to be written as JSON]");
  expect(line).toContain("seen");
});

test("[server/G2] a level that is off writes nothing", () => {
  const lines = linesOf({ level: "warn" }, (log) => {
    for (const level of ["debug", "info", "warn", "error"] as const) log[level](level);
  });
  expect(lines.map((line) => / msg=(\w+)/.exec(line)?.[1])).toEqual(["warn", "error"]);
});

test("[server/X1,X7] the fields of a process carry instance, runtime, service, version and environment", () => {
  expect(processFields({ version: "1.2.3", environment: "test" })).toEqual({
    "instance.id": expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    "go.version": `node ${process.version}`,
    service: "registry",
    version: "1.2.3",
    environment: "test",
  });
});

test("secrets do not reach a line: by the name of the field, in a URL's query, in a URL's user part", () => {
  const [line = ""] = linesOf({ formatter: "json" }, (log) =>
    log.info("x", {
      "http.request.authorization": "hunter2",
      Authorization: "hunter2",
      password: "hunter2",
      "http.request.uri": "/v2/a/blobs/uploads/1?_state=hunter2&digest=sha256:1",
      "http.request.referer": "http://u:hunter2@h/",
    }),
  );
  expect(line).not.toContain("hunter2");
  expect(line).toContain("digest=sha256:1");
  expect(redactUri("/v2/?n=5&last=a")).toBe("/v2/?n=5&last=a");
  expect(redactUri("https://s3/x?X-Amz-Signature=abc&X-Amz-Credential=k&y=1")).toBe(
    "https://s3/x?X-Amz-Signature=[redacted]&X-Amz-Credential=[redacted]&y=1",
  );
  expect(redactUri("https://auth/token?access_token=abc&service=s")).toBe("https://auth/token?access_token=[redacted]&service=s");
});

test("errors are told with their causes: ours by code, others with the stack", () => {
  const error = new BerthError("ERR_OUTER", "Cannot go on", { cause: new TypeError("inner") });
  const [line = ""] = linesOf({ formatter: "json" }, (log) => log.error("failed", { error }));
  const { error: text }: { error: string } = JSON.parse(line);
  expect(text).toMatch(/^BerthError ERR_OUTER: Cannot go on; caused by: TypeError: inner\n {4}at /);
});

test("no value can start a line of its own in the text form", () => {
  const lines = linesOf({}, (log) => log.info("a\nlevel=error", { b: "c\r\nd\u2028e", 'f="g': "h" }));
  expect(lines.join("").match(/[\n\r\u2028]/g)).toHaveLength(1);
});

test("[server/X4] the access log has Apache's combined form, and nothing a client sends can break it", () => {
  const entry: AccessLogEntry = {
    remoteAddress: "10.0.0.1",
    user: "alice",
    startedAt: now(),
    method: "GET",
    uri: "/v2/",
    httpVersion: "1.1",
    status: 200,
    bytes: 2,
    referer: "http://x/",
    userAgent: "docker/28",
    requestId: "id-1",
  };
  expect(formatAccessLine(entry)).toBe(
    '10.0.0.1 - alice [02/Jan/2026:03:04:05 +0000] "GET /v2/ HTTP/1.1" 200 2 "http://x/" "docker/28" "id-1"\n',
  );
  expect(
    formatAccessLine({ ...entry, user: undefined, referer: undefined, userAgent: 'a" 200 "\n\\', uri: "/?_state=hunter2", status: 499 }),
  ).toBe('10.0.0.1 - - [02/Jan/2026:03:04:05 +0000] "GET /?_state=[redacted] HTTP/1.1" 499 2 "" "a\\" 200 \\"\\x0a\\\\" "id-1"\n');
  expect(formatAccessLine({ ...entry, user: "a b\n" })).toContain(" - a\\x20b\\x0a [");
});
