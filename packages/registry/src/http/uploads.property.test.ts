import { digestOf } from "@berth/oci/node";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Disk, useDisk } from "../testing/disk.test-kit.ts";
import { absentDigest, bytesOf } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, startRegistry } from "../testing/harness.test-kit.ts";

/** What the specification says of sessions. */
interface Model {
  readonly sessions: { readonly path: string; content: Buffer; over: boolean }[];
  readonly blobs: Map<string, Buffer>;
}

/** The server, which may be another one after a restart. */
interface Real {
  readonly disk: Disk;
  server: RegistryServer;
}

type Command = fc.AsyncCommand<Model, Real>;

const chunk = fc.nat(3000).chain((length) => fc.integer({ min: 1, max: 50 }).map((seed) => bytesOf(length, seed)));
const session = fc.nat(3);

function pick(model: Model, index: number): Model["sessions"][number] {
  const found = model.sessions[index % model.sessions.length];
  if (found === undefined) throw new Error("the check makes sure that there is a session");
  return found;
}

function onSession(
  name: string,
  run: (picked: Model["sessions"][number], model: Model, real: Real) => Promise<void>,
): (index: number) => Command {
  return (index) => ({
    check: (model) => model.sessions.length > 0,
    run: (model, real) => run(pick(model, index), model, real),
    toString: () => `${name}(${index})`,
  });
}

async function expectStatus(real: Real, picked: Model["sessions"][number]): Promise<void> {
  const reply = await real.server.call("GET", picked.path);
  if (picked.over) expect([reply.status, reply.code]).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
  else
    expect([reply.status, reply.headers["berth-upload-offset"], reply.headers["range"]]).toEqual([
      204,
      String(picked.content.byteLength),
      `0-${Math.max(0, picked.content.byteLength - 1)}`,
    ]);
}

const create: Command = {
  check: (model) => model.sessions.length < 4,
  async run(model, real) {
    model.sessions.push({ path: await real.server.startUpload("a"), content: Buffer.alloc(0), over: false });
  },
  toString: () => "create",
};

const restart: Command = {
  check: () => true,
  async run(_model, real) {
    await real.server.close();
    real.server = await startRegistry(await real.disk.open());
  },
  toString: () => "restart",
};

const status = onSession("status", async (picked, _model, real) => await expectStatus(real, picked));

/** `shift`: where the chunk says it starts, against the truth; undefined: it does not say. */
function append(index: number, bytes: Buffer, shift: number | undefined, chunked: boolean): Command {
  return onSession(`append ${bytes.byteLength} bytes, shift ${shift}, chunked ${chunked}`, async (picked, _model, real) => {
    const start = Math.max(0, picked.content.byteLength + (shift ?? 0));
    const says = shift !== undefined && bytes.byteLength > 0;
    const headers = says ? { "content-range": `${start}-${start + bytes.byteLength - 1}` } : {};
    const reply = await real.server.call("PATCH", picked.path, chunked ? { chunks: [bytes], headers } : { body: bytes, headers });
    if (picked.over) expect(reply.code).toBe("BLOB_UPLOAD_UNKNOWN");
    else if (says && start !== picked.content.byteLength)
      expect([reply.status, reply.headers["berth-upload-offset"]]).toEqual([416, String(picked.content.byteLength)]);
    else {
      picked.content = Buffer.concat([picked.content, bytes]);
      expect([reply.status, reply.headers["berth-upload-offset"]]).toEqual([202, String(picked.content.byteLength)]);
    }
    await expectStatus(real, picked);
  })(index);
}

function commit(index: number, last: Buffer, algorithm: "sha256" | "sha512", honest: boolean): Command {
  return onSession(`commit ${last.byteLength} more bytes, ${algorithm}, honest ${honest}`, async (picked, model, real) => {
    const content = Buffer.concat([picked.content, last]);
    const digest = honest ? digestOf(content, algorithm) : absentDigest(0, algorithm);
    const reply = await real.server.call("PUT", `${picked.path}?digest=${digest}`, { body: last });
    if (picked.over) expect(reply.code).toBe("BLOB_UPLOAD_UNKNOWN");
    else if (honest) {
      expect([reply.status, reply.headers["docker-content-digest"]]).toEqual([201, digest]);
      model.blobs.set(digest, content);
      model.blobs.set(digestOf(content), content);
    } else expect([reply.status, reply.code]).toEqual([400, "DIGEST_INVALID"]);
    picked.over = true;
    await expectStatus(real, picked);
  })(index);
}

const cancel = onSession("cancel", async (picked, _model, real) => {
  const reply = await real.server.call("DELETE", picked.path);
  expect(reply.status).toBe(picked.over ? 404 : 204);
  picked.over = true;
});

const commands = fc.commands(
  [
    fc.constant(create),
    fc.constant(restart),
    session.map(status),
    session.map(cancel),
    fc
      .tuple(session, chunk, fc.option(fc.constantFrom(0, 0, 0, -1, 1, 7), { nil: undefined }), fc.boolean())
      .map((parts) => append(...parts)),
    fc
      .tuple(session, chunk, fc.option(fc.constantFrom(0, 0, 0, -1, 1, 7), { nil: undefined }), fc.boolean())
      .map((parts) => append(...parts)),
    fc.tuple(session, chunk, fc.constantFrom("sha256" as const, "sha512" as const), fc.boolean()).map((parts) => commit(...parts)),
  ],
  { maxCommands: 25 },
);

test("[server/U5,U6,U8,U10,U12,SQ40] sessions do what the specification says, over restarts too, and leave no file behind", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (run) => {
      const disk = await useDisk();
      const model: Model = { sessions: [], blobs: new Map() };
      const real: Real = { disk, server: await startRegistry(await disk.open()) };
      try {
        await fc.asyncModelRun(() => ({ model, real }), run);
        for (const [digest, content] of model.blobs)
          expect((await real.server.call("GET", `/v2/a/blobs/${digest}`)).body.equals(content)).toBe(true);
        for (const { path, over } of model.sessions) if (!over) await real.server.call("DELETE", path);
      } finally {
        await real.server.close();
      }
      expect((await disk.files()).filter((path) => path.includes("/uploads/"))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
