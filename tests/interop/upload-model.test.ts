import { type Connection, createBlobUploader, createConnection, type RemoteBlobUpload } from "@berth/client";
import { digestOf } from "@berth/oci/node";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

/** What an upload must be. */
interface Model {
  content: Buffer;
  state: "none" | "open" | "over";
}

/** The upload at our own server, behind a proxy that cuts connections. */
interface Real {
  connection: Connection;
  upload: RemoteBlobUpload | undefined;
}

type Command = fc.AsyncCommand<Model, Real>;

const CHUNK = 1000;
let registry: OwnRegistry;
let proxy: CuttingProxy;

beforeAll(async () => {
  registry = await startOwnRegistry();
  proxy = await startCuttingProxy(registry.host);
});
afterAll(async () => {
  await proxy.close();
  await registry.close();
});

const connect = (): Connection => createConnection(proxy.host, { plainHttp: true, http: {} });
const uploader = (connection: Connection) => createBlobUploader(connection, "a/b", { chunkSize: CHUNK, backoff: () => 1 });

function command(name: string, when: Model["state"], run: (model: Model, real: Real, upload: RemoteBlobUpload) => Promise<void>): Command {
  return {
    check: (model) => model.state === when,
    async run(model, real) {
      const { upload } = real;
      if (upload === undefined) throw new Error("the check makes sure that there is an upload");
      await run(model, real, upload);
      if (model.state === "open") expect(upload.size).toBe(model.content.byteLength);
    },
    toString: () => name,
  };
}

const create: Command = {
  check: (model) => model.state !== "open",
  async run(model, real) {
    real.upload = await uploader(real.connection).create();
    model.content = Buffer.alloc(0);
    model.state = "open";
  },
  toString: () => "create",
};

const bytes = fc
  .tuple(fc.nat(3500), fc.nat(255))
  .map(([size, seed]) => Buffer.from(Uint8Array.from({ length: size }, (_, at) => at * 7 + seed)));

/** After how many bytes of a call the connection is cut, if at all. */
const cut = fc.option(fc.nat(5000), { nil: undefined });

async function whileCutting(after: number | undefined, run: () => Promise<void>): Promise<void> {
  if (after !== undefined) proxy.cutAfter(after);
  try {
    await run();
  } finally {
    proxy.spare();
  }
}

function write(chunk: Buffer, cutAfter: number | undefined): Command {
  return command(`write ${chunk.byteLength} bytes, cut after ${cutAfter}`, "open", async (model, _real, upload) => {
    const given = Buffer.from(chunk);
    await whileCutting(cutAfter, () => upload.write(given));
    given.fill(0); // ours again
    model.content = Buffer.concat([model.content, chunk]);
  });
}

function writeFrom(chunks: readonly Buffer[], cutAfter: number | undefined): Command {
  return command(`write from a source of ${chunks.length} chunks, cut after ${cutAfter}`, "open", async (model, _real, upload) => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* chunks;
    }
    const all = Buffer.concat(chunks);
    await whileCutting(cutAfter, async () => expect(await upload.writeFrom(source())).toBe(all.byteLength));
    model.content = Buffer.concat([model.content, all]);
  });
}

const resume = (cutAfter: number | undefined) =>
  command(`resume in another client, cut after ${cutAfter}`, "open", async (_model, real, upload) => {
    await whileCutting(cutAfter, () => upload.close());
    await real.connection.close();
    real.connection = connect();
    const id = JSON.parse(JSON.stringify(upload.id)) as string;
    real.upload = await uploader(real.connection).resume(id);
    expect(real.upload.size).toBe(upload.size);
  });

function commit(isHonest: boolean, algorithm: "sha256" | "sha512", cutAfter: number | undefined): Command {
  return command(`commit ${algorithm}, honest ${isHonest}, cut after ${cutAfter}`, "open", async (model, real, upload) => {
    model.state = "over";
    const digest = digestOf(isHonest ? model.content : "something else", algorithm);
    const { byteLength: size } = model.content;
    if (!isHonest) {
      const code = "ERR_DIGEST_MISMATCH";
      await whileCutting(algorithm === "sha512" ? cutAfter : undefined, () =>
        expect(upload.commit({ digest })).rejects.toMatchObject({ code }),
      );
      return;
    }
    await whileCutting(cutAfter, async () => expect(await upload.commit({ digest, size })).toMatchObject({ digest, size }));
    const response = await fetch(`http://${registry.host}/v2/a/b/blobs/${digest}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(model.content)).toBe(true);
    await expect(uploader(real.connection).resume(upload.id)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });
}

const cancel = command("cancel", "open", async (model, real, upload) => {
  model.state = "over";
  await upload.cancel();
  await expect(uploader(real.connection).resume(upload.id)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});

const afterwards = command("use what is over", "over", async (_model, _real, upload) => {
  await expect(upload.write(Buffer.from("x"))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  await expect(upload.commit({ digest: digestOf("x") })).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  await upload.cancel();
  await upload.close();
});

const commands = fc.commands(
  [
    fc.constant(create),
    fc.constant(cancel),
    fc.constant(afterwards),
    cut.map(resume),
    fc.tuple(bytes, cut).map((choice) => write(...choice)),
    fc.tuple(bytes, cut).map((choice) => write(...choice)),
    fc.tuple(fc.array(bytes, { maxLength: 4 }), cut).map((choice) => writeFrom(...choice)),
    fc.tuple(fc.boolean(), fc.constantFrom("sha256" as const, "sha512" as const), cut).map((choice) => commit(...choice)),
  ],
  { maxCommands: 30 },
);

test("[client/X-3,X-6] uploads in steps do what the contract says, whenever connections are cut and whoever goes on with them", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (run) => {
      const real: Real = { connection: connect(), upload: undefined };
      const model: Model = { content: Buffer.alloc(0), state: "none" };
      try {
        await fc.asyncModelRun(() => ({ model, real }), run);
      } finally {
        await real.upload?.cancel();
        await real.connection.close();
      }
    }),
    { numRuns: 150 },
  );
});
