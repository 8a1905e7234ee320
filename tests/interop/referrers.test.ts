import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createRemoteRepository, type RemoteRepository } from "@berth/client";
import { type Descriptor, referrersTag } from "@berth/oci";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { createScratch, requirePart, run, type Scratch } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attach, ATTACHMENT_TYPE, pushSubject } from "./support/attach.ts";
import { type RunningServer, type Server, SERVERS } from "./support/servers.ts";

const ATTACH = fileURLToPath(new URL("./support/attach.ts", import.meta.url));
const PLAIN = SERVERS.filter((server) => server.name.endsWith(", plain"));
const NAMES: readonly string[] = Array.from({ length: 10 }, (_, i) => `attachment-${i}`);

for (const server of PLAIN) {
  describeWithParts(`referrers, ${server.name}`, server.needs, () => describeReferrers(server));
  describeWithParts(`referrers and oras, ${server.name}`, [...server.needs, "oras"], () => describeOras(server));
}

/** The digests of what refers to a manifest, as somebody sees it who knows nothing yet; sorted. */
async function digestsListed(server: RunningServer, name: string, subject: Descriptor): Promise<readonly string[]> {
  return (await open(server, name).predecessors(subject)).map((one) => one.digest).sort();
}

function digestsOf(descriptors: readonly Descriptor[]): readonly string[] {
  return descriptors.map((one) => one.digest).sort();
}

function open(server: RunningServer, name: string): RemoteRepository {
  return createRemoteRepository(`${server.host}/${name}`);
}

function useServer(server: Server): () => RunningServer {
  let running: RunningServer | undefined;
  beforeAll(async () => {
    running = await server.start();
  });
  afterAll(async () => await running?.stop());
  return () => {
    if (running === undefined) throw new TypeError("Cannot use the server before it runs");
    return running;
  };
}

function describeReferrers(server: Server): void {
  const started = useServer(server);
  const hasApi = server.lacks.referrers === undefined;

  test("[client/B-24,B-32,B-33,B-37] attachments are listed with type and annotations, filtered on demand", async () => {
    const repository = open(started(), "list");
    const subject = await pushSubject(repository, "v1");
    expect(await repository.predecessors(subject)).toEqual([]);
    const first = await attach(repository, subject, "first");
    const second = await attach(repository, subject, "second", "application/vnd.berth.other");
    expect(repository.referrersApi.capability).toBe(hasApi ? "supported" : "unsupported");
    const listed = await Array.fromAsync(repository.referrers(subject));
    expect(listed).toHaveLength(2);
    expect(listed).toEqual(expect.arrayContaining([expect.objectContaining(first), expect.objectContaining(second)]));
    const other = await Array.fromAsync(repository.referrers(subject, { artifactType: "application/vnd.berth.other" }));
    expect(digestsOf(other)).toEqual([second.digest]);
    const fallback = (await Array.fromAsync(repository.tags())).includes(referrersTag(subject.digest));
    expect(fallback).toBe(!hasApi);
  });

  test("[client/B-35] ping() tells what the registry has", async () => {
    const repository = open(started(), "ping");
    await pushSubject(repository, "v1");
    expect(await repository.referrersApi.ping()).toBe(hasApi);
  });

  test("[client/B-31,B-37] an attachment that is deleted is listed no more, and the last one leaves nothing behind", async () => {
    const repository = open(started(), "delete");
    const subject = await pushSubject(repository, "v1");
    const [first, second] = [await attach(repository, subject, "first"), await attach(repository, subject, "second")];
    await open(started(), "delete").delete(first); // who does not know what the registry can
    expect(await digestsListed(started(), "delete", subject)).toEqual([second.digest]);
    await open(started(), "delete").delete(second);
    expect(await digestsListed(started(), "delete", subject)).toEqual([]);
    expect(await Array.fromAsync(repository.tags())).toEqual(["v1"]);
  });

  test("[client/B-38] ten attachments at the same time are all listed", async () => {
    const repository = open(started(), "parallel");
    const subject = await pushSubject(repository, "v1");
    const attached = await Promise.all(NAMES.map((name) => attach(repository, subject, name)));
    expect(await digestsListed(started(), "parallel", subject)).toEqual(digestsOf(attached));
  });

  test("[client/B-38] two clients in one process lose nothing to each other", async () => {
    const [left, right] = [open(started(), "two-clients"), open(started(), "two-clients")];
    const subject = await pushSubject(left, "v1");
    const attached = await Promise.all(NAMES.map((name, i) => attach(i % 2 === 0 ? left : right, subject, name)));
    expect(await digestsListed(started(), "two-clients", subject)).toEqual(digestsOf(attached));
  });

  test("[client/B-38] two processes lose nothing to each other", async () => {
    const reference = `${started().host}/two-processes`;
    const subject = await pushSubject(open(started(), "two-processes"), "v1");
    const program = async (names: readonly string[]): Promise<unknown> =>
      await run(process.execPath, ["--conditions=berth-source", ATTACH, reference, "v1", ...names]);
    await Promise.all([program(NAMES.slice(0, 5)), program(NAMES.slice(5))]);
    expect(await digestsListed(started(), "two-processes", subject)).toHaveLength(NAMES.length);
  });
}

interface Attached {
  readonly digest: string;
}

interface Discovered {
  readonly referrers?: readonly Attached[];
}

function describeOras(server: Server): void {
  const started = useServer(server);
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await createScratch();
    await writeFile(scratch.join("note.txt"), "a note");
  });
  afterAll(() => scratch.remove());

  async function oras(...args: readonly string[]): Promise<string> {
    const env = { HOME: scratch.path };
    return (await run(requirePart("oras").command("oras"), args, { cwd: scratch.path, env })).stdout;
  }

  async function discover(reference: string): Promise<readonly string[]> {
    const found: Discovered = JSON.parse(await oras("discover", "--plain-http", "--format", "json", reference));
    return (found.referrers ?? []).map((one) => one.digest).sort();
  }

  test("[client/B-32,B-37] oras sees what we attach, and we see what oras attaches", async () => {
    const repository = open(started(), "oras");
    const reference = `${started().host}/oras:v1`;
    const subject = await pushSubject(repository, "v1");
    const ours = await attach(repository, subject, "ours");
    expect(await discover(reference)).toEqual([ours.digest]);
    const attached: Attached = JSON.parse(
      await oras("attach", "--plain-http", "--format", "json", "--artifact-type", ATTACHMENT_TYPE, reference, "note.txt:text/plain"),
    );
    expect(await digestsListed(started(), "oras", subject)).toEqual([ours.digest, attached.digest].sort());
    const later = await attach(repository, subject, "later");
    expect(await discover(reference)).toEqual([ours.digest, attached.digest, later.digest].sort());
    await repository.delete(ours);
    expect(await discover(reference)).toEqual([attached.digest, later.digest].sort());
  });
}
