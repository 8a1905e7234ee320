import {
  type Answer,
  Auditor,
  call,
  canMount,
  chooseSeed,
  errorCode,
  mountSmallDisk,
  Pusher,
  Random,
  RepositoryLedger,
  type ServerProcess,
  sha256,
  type SmallDisk,
  startServer,
  sumTotals,
} from "@berth/testkit/faults";
import { describeUnlessMissing } from "@berth/testkit/describe-with-parts";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkDatabase, databaseOf, findStrays, sweepFolder } from "./support/data-folder.ts";

const DISK_BYTES = 24 << 20;
/** Room for the database and for its log, which may be as large again before it is written back. */
const DATABASE_DISK_BYTES = 6 << 20;
const MAX_STEPS = 400;
const INDEX = "application/vnd.oci.image.index.v1+json";

const probe = await createScratch();
const mayMount = await canMount(probe.join("disk"));
await probe.remove();

const unmountable = { name: "the right to mount", error: new Error("Cannot mount a small file system: run as root") };
describeUnlessMissing("a full disk", mayMount ? undefined : unmountable, describeFullDisk);

function describeFullDisk(): void {
  let scratch: Scratch;
  let disks: SmallDisk[];
  let server: ServerProcess;

  beforeEach(async () => {
    scratch = await createScratch();
    disks = [];
  });
  afterEach(async () => {
    await server.kill();
    for (const disk of disks) await disk.unmount();
    await scratch.remove();
  });

  const mount = async (name: string, bytes: number): Promise<SmallDisk> => {
    const disk = await mountSmallDisk(scratch.join(name), bytes);
    disks.push(disk);
    return disk;
  };
  const pusher = (ledger: RepositoryLedger, random: Random): Pusher =>
    new Pusher({ ledger, random, entry: () => Promise.resolve(server.url), mountable: () => [], mayRefuse: [503], maxLayerBytes: 1 << 20 });
  /** Pushes until the server has refused this often. */
  const pushUntilRefused = async (pushers: readonly Pusher[], refusals: number): Promise<void> => {
    const refused = (): number => pushers.reduce((sum, one) => sum + one.refusals, 0);
    const before = refused();
    for (let steps = 0; refused() - before < refusals; steps++) {
      expect(steps).toBeLessThan(MAX_STEPS);
      await Promise.all(pushers.map((one) => one.step()));
    }
  };
  const expectRefusal = (answer: Answer): void => {
    expect([answer.status, errorCode(answer)]).toEqual([503, "UNAVAILABLE"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(answer.headers["content-type"]).toBe("application/json");
  };
  const audit = async (ledgers: readonly RepositoryLedger[]): Promise<void> => {
    expect((await new Auditor(server.url).audit(ledgers)).losses).toEqual([]);
  };

  test("[server/L11,SQ20,SQ22] under blobs and SQLite refuses with 503, loses nothing, serves reads, and the server goes on once there is space", async () => {
    const disk = await mount("data", DISK_BYTES);
    await disk.fill(DISK_BYTES / 4);
    server = await startServer({ data: disk.path, env: { REGISTRY_UPLOADS_LEASEDURATION: "1s" } });
    const random = new Random(chooseSeed("disk full"));
    const ledgers = Array.from({ length: 4 }, (_, index) => new RepositoryLedger(`full/app${index}`));
    const pushers = ledgers.map((ledger) => pusher(ledger, random.fork()));
    for (const one of pushers) await one.step();
    await pushUntilRefused(pushers, 20);
    await disk.fill(); // what was left over of a push that was given up
    const large = random.bytes(1 << 20);
    expectRefusal(await call(`${server.url}/v2/full/app0/blobs/uploads/?digest=${sha256(large)}`, { method: "POST", body: large }));
    await audit(ledgers);
    for (let round = 0; round < 3; round++) {
      await disk.relieve();
      await expect
        .poll(
          async () =>
            (
              await call(`${server.url}/v2/full/small/blobs/uploads/?digest=${sha256(Buffer.from(`${round}`))}`, {
                method: "POST",
                body: Buffer.from(`${round}`),
              })
            ).status,
        )
        .toBe(201);
      await disk.fill();
      await pushUntilRefused(pushers, 5);
      await audit(ledgers);
    }
    await disk.relieve();
    await server.kill();
    await sweepFolder(disk.path);
    expect(await findStrays(disk.path)).toEqual([]);
    expect(checkDatabase(databaseOf(disk.path))).toEqual([]);
    server = await startServer({ data: disk.path });
    await audit(ledgers);
    expect(pushers.flatMap(({ complaints }) => complaints)).toEqual([]);
    console.info(
      `disk full: acknowledged ${JSON.stringify(sumTotals(ledgers))}; refused ${pushers.reduce((sum, one) => sum + one.refusals, 0)}; losses 0`,
    );
  });

  test("[server/L11,SQ22] under SQLite alone refuses with 503, loses nothing, and takes pushes again without a restart", async () => {
    const disk = await mount("database", DATABASE_DISK_BYTES);
    const data = scratch.join("data");
    const database = `${disk.path}/metadata.db`;
    server = await startServer({ data, env: { REGISTRY_METADATA_SQLITE_PATH: database, REGISTRY_UPLOADS_LEASEDURATION: "1s" } });
    const random = new Random(chooseSeed("database disk full"));
    const ledgers = Array.from({ length: 3 }, (_, index) => new RepositoryLedger(`tables/app${index}`));
    const pushers = ledgers.map((ledger) => pusher(ledger, random.fork()));
    for (const one of pushers) await one.step();
    await disk.fill();
    await pushUntilRefused(pushers, 10);
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [], annotations: { note: "x".repeat(100_000) } }),
    );
    const put = (): Promise<Answer> =>
      call(`${server.url}/v2/tables/index/manifests/latest`, { method: "PUT", body: index, headers: { "content-type": INDEX } });
    expectRefusal(await put());
    expect((await call(`${server.url}/v2/tables/index/manifests/latest`)).status).toBe(404);
    await audit(ledgers);
    await disk.relieve();
    await expect.poll(async () => (await put()).status).toBe(201);
    expect((await call(`${server.url}/v2/tables/index/manifests/latest`)).body.equals(index)).toBe(true);
    for (const one of pushers) await one.step();
    await audit(ledgers);
    await server.kill();
    await sweepFolder(data, database);
    expect(await findStrays(data, database)).toEqual([]);
    expect(checkDatabase(database)).toEqual([]);
    server = await startServer({ data, env: { REGISTRY_METADATA_SQLITE_PATH: database } });
    await audit(ledgers);
    expect(pushers.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
}
