import { setTimeout as delay } from "node:timers/promises";
import {
  Auditor,
  chooseSeed,
  Pusher,
  Random,
  randomKillPoint,
  RepositoryLedger,
  type ServerProcess,
  startServer,
  sumTotals,
} from "@berth/testkit/faults";
import { createScratch } from "@berth/testkit/parts";
import { expect, onTestFinished, test } from "vitest";
import { checkDatabase, databaseOf, findStrays, sweepFolder } from "./support/data-folder.ts";
import { Gate } from "./support/gate.ts";

const KILLS = Number(process.env["BERTH_KILLS"] ?? 120);
const KILLS_BETWEEN_AUDITS = 15;
const PUSHERS = 6;
const LIFE_MS = 700;
/** Short, so that sessions go on soon after a kill. */
const ENV = { REGISTRY_UPLOADS_LEASEDURATION: "1s" };

test(`[server/SQ20,SQ21,SQ22,SQ40,SQ41,U13] what was acknowledged survives ${KILLS} kills during pushes, and the sweep leaves no stray file`, async () => {
  const random = new Random(chooseSeed("kill"));
  const scratch = await createScratch();
  let current: ServerProcess | undefined;
  onTestFinished(async () => {
    stopped = true;
    await current?.kill();
    await scratch.remove();
  });
  const data = scratch.join("data");
  const ledgers = Array.from({ length: PUSHERS }, (_, index) => new RepositoryLedger(`team/app${index}`));
  let up = Promise.withResolvers<string>();
  let stopped = false;
  const gate = new Gate(PUSHERS);
  const mountable = (): { repository: string; digest: string }[] =>
    ledgers.flatMap(({ name, blobs }) =>
      [...blobs].slice(-5).flatMap(([digest, presence]) => (presence === "there" ? [{ repository: name, digest }] : [])),
    );
  const pushers = ledgers.map((ledger) => new Pusher({ ledger, random: random.fork(), mountable, entry: () => up.promise }));
  const losses: string[] = [];
  const points = new Map<string, number>();
  const seen = new Set<string>();
  let read = 0;

  const serve = async (
    life: (url: string) => Promise<void>,
    options: Parameters<typeof randomKillPoint>[0] | undefined,
  ): Promise<string> => {
    const point = options === undefined ? undefined : randomKillPoint(options);
    const server = await startServer({
      data,
      env: { ...ENV, ...point?.env },
      ...(point === undefined ? {} : { preload: point.preload }),
    }).catch((error: unknown) => {
      if (point === undefined) throw error;
      return undefined; // met its kill point before it took requests
    });
    current = server;
    if (server === undefined) return point?.name ?? "";
    up.resolve(server.url);
    const met = await Promise.race([server.exited.then(() => true), life(server.url).then(() => false)]);
    up = Promise.withResolvers();
    await server.kill();
    if (met && point === undefined) losses.push(`the server ended by itself: ${server.log()}`);
    return met ? (point?.name ?? "") : "random";
  };
  const audit = async (url: string, skip?: ReadonlySet<string>): Promise<void> => {
    const found = await new Auditor(url).audit(ledgers, skip);
    read += found.read;
    losses.push(...found.losses);
    for (const { name, blobs, manifests } of ledgers)
      for (const digest of [...blobs.keys(), ...manifests.keys()]) seen.add(`${name}@${digest}`);
  };

  const running = pushers.map(async (pusher) => {
    for (;;) {
      await gate.pass();
      if (stopped) return;
      await pusher.step();
    }
  });
  for (let kills = 0; kills < KILLS; kills++) {
    const life = (): Promise<void> => delay(100 + random.int(LIFE_MS));
    const how = await serve(life, random.chance(0.6) ? random : undefined);
    const kind = how.replace(/:\d+$/, "");
    points.set(kind, (points.get(kind) ?? 0) + 1);
    if ((kills + 1) % KILLS_BETWEEN_AUDITS === 0) await serve((url) => gate.whileAllRest(() => audit(url, seen)), undefined);
    expect([...losses, ...pushers.flatMap(({ complaints }) => complaints)]).toEqual([]);
  }
  await serve(
    (url) =>
      gate.whileAllRest(async () => {
        await audit(url);
        stopped = true;
      }),
    undefined,
  );
  await Promise.all(running);
  const swept = await sweepFolder(data);
  expect(await findStrays(data)).toEqual([]);
  expect(checkDatabase(databaseOf(data))).toEqual([]);
  await serve((url) => audit(url), undefined); // the sweep took nothing that is known
  expect(losses).toEqual([]);
  expect(pushers.flatMap(({ complaints }) => complaints)).toEqual([]);
  const totals = sumTotals(ledgers);
  expect(totals.manifests).toBeGreaterThan(KILLS);
  console.info(
    `kill: ${KILLS} kills (${formatCounts(points)}); acknowledged ${JSON.stringify(totals)}; ` +
      `${pushers.reduce((sum, { losses: lost }) => sum + lost, 0)} requests without an answer; ${read} objects read whole; losses ${losses.length}; ` +
      `swept ${swept.expiredUploads} sessions, ${swept.strayUploads.length} files, ${swept.orphanBlobs.length} blobs`,
  );
});

function formatCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([what, count]) => `${what} ${count}`)
    .toSorted((a, b) => a.localeCompare(b))
    .join(", ");
}
