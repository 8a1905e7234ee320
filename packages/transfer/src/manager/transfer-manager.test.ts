import { expect, test } from "vitest";
import { settled, TestJobs } from "./manager.test-kit.ts";
import { createTransferManager } from "./transfer-manager.ts";
import type { TransferState } from "./transfer.ts";

test("[engine/T8] the same key runs once, for all who ask", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const all = Array.from({ length: 20 }, () => manager.transfer(jobs.make("blob")));
  await settled();
  expect(jobs.started).toEqual(["blob"]);
  jobs.finish("blob", "mounted");
  expect(new Set(await Promise.all(all))).toEqual(new Set(["mounted"]));
  const again = manager.transfer(jobs.make("blob"));
  await settled();
  expect(jobs.started).toEqual(["blob", "blob"]);
  jobs.finish("blob");
  expect(await again).toBe("transferred");
});

test("[engine/T8] who leaves does not end a transfer that others wait for; the last one does", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const controllers = Array.from({ length: 20 }, () => new AbortController());
  const all = controllers.map(({ signal }) => manager.transfer(jobs.make("blob"), { signal }));
  const ends = all.map((one) => one.catch((error: unknown) => error));
  await settled();
  const reason = new Error("enough");
  for (const one of controllers.slice(1)) one.abort(reason);
  expect(await Promise.all(ends.slice(1))).toEqual(Array.from({ length: 19 }, () => reason));
  expect(jobs.aborted).toEqual([]);
  controllers[0]?.abort(reason);
  expect(await ends[0]).toBe(reason);
  expect(jobs.aborted).toEqual(["blob"]);
});

test("[engine/T8] a transfer that everybody left is waited for, then begun anew", async () => {
  const end = Promise.withResolvers<void>();
  const order: string[] = [];
  const manager = createTransferManager();
  const run = async (name: string, signal: AbortSignal): Promise<"transferred"> => {
    order.push(`${name} starts`);
    await end.promise;
    order.push(`${name} ends`);
    signal.throwIfAborted();
    return "transferred";
  };
  const controller = new AbortController();
  const first = manager.transfer({ key: "k", directions: [], run: ({ signal }) => run("first", signal) }, { signal: controller.signal });
  await settled();
  controller.abort(new Error("enough"));
  const left = first.catch((error: unknown) => error).finally(() => order.push("who left is let go"));
  const second = manager.transfer({ key: "k", directions: [], run: ({ signal }) => run("second", signal) });
  await settled();
  expect(order).toEqual(["first starts"]);
  end.resolve();
  expect(await left).toMatchObject({ message: "enough" });
  expect(await second).toBe("transferred");
  expect(order.toSorted()).toEqual(["first ends", "first starts", "second ends", "second starts", "who left is let go"]);
  expect(order.indexOf("first ends")).toBeLessThan(Math.min(order.indexOf("second starts"), order.indexOf("who left is let go")));
});

test("[engine/T8] who waits for a transfer that everybody left to end can leave, too, and then nothing is begun", async () => {
  const end = Promise.withResolvers<void>();
  const started: string[] = [];
  const manager = createTransferManager();
  const begin = (name: string, signal: AbortSignal): Promise<unknown> => {
    const run = async (): Promise<"transferred"> => {
      started.push(name);
      await end.promise;
      return "transferred";
    };
    return manager.transfer({ key: "k", directions: [], run }, { signal }).catch((error: unknown) => error);
  };
  const [leaving, impatient] = [new AbortController(), new AbortController()];
  const first = begin("first", leaving.signal);
  await settled();
  leaving.abort(new Error("enough"));
  const second = begin("second", impatient.signal);
  await settled();
  impatient.abort(new Error("too slow"));
  expect(await second).toBe(impatient.signal.reason);
  end.resolve();
  await first;
  await settled();
  expect(started).toEqual(["first"]);
});

test("[engine/T8] who comes late is told first how the transfer stands", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const first = manager.transfer(jobs.make("blob"));
  await settled();
  jobs.contexts.get("blob")?.report(7, 10);
  const states: TransferState[] = [];
  const second = manager.transfer(jobs.make("blob"), { onState: (state) => states.push(state) });
  expect(states).toEqual([{ kind: "running", current: 7, total: 10 }]);
  jobs.finish("blob");
  await Promise.all([first, second]);
});

test("[engine/T8] a watcher that throws ends its own waiting with that; the transfer goes on for the others, and ends with the last", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const bug = new Error("a bug of who looks on");
  const onState = (): never => {
    throw bug;
  };
  const first = manager.transfer(jobs.make("blob"));
  const second = manager.transfer(jobs.make("blob"), { onState });
  await settled();
  jobs.contexts.get("blob")?.report(1, 2);
  await expect(second).rejects.toBe(bug);
  expect(jobs.running).toEqual(["blob"]);
  jobs.finish("blob");
  expect(await first).toBe("transferred");
  const last = manager.transfer(jobs.make("other"), { onState });
  last.catch(() => undefined);
  await settled();
  jobs.contexts.get("other")?.report(1, 2);
  await expect(last).rejects.toBe(bug);
  expect(jobs.aborted).toEqual(["other"]);
});

test("[engine/T8] when a transfer fails, who waits for it the same way fails with it; who would have gone another way does so, once", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const bad = new Error("refused");
  const states: TransferState[] = [];
  const way = (name: string, onState?: (state: TransferState) => void): Promise<unknown> =>
    manager.transfer({ ...jobs.make("blob"), way: name }, onState && { onState }).catch((error: unknown) => error);
  const failing = [way("bad"), way("bad")];
  const good = [way("good", (state) => states.push(state)), way("good")];
  await settled();
  expect(jobs.started).toHaveLength(1);
  jobs.fail("blob", bad);
  expect(await Promise.all(failing)).toEqual([bad, bad]);
  await settled();
  expect(jobs.started).toHaveLength(2);
  jobs.finish("blob");
  expect(await Promise.all(good)).toEqual(["transferred", "transferred"]);
  expect(states).toEqual([{ kind: "retrying", attempt: 1, delayMs: 0, error: bad }]);
  expect(jobs.started).toHaveLength(2);
});

test("[engine/T8] a watcher that throws, or is aborted, is not sent another way", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const controller = new AbortController();
  const bug = new Error("a bug of who looks on");
  const first = manager.transfer({ ...jobs.make("blob"), way: "one" });
  const aborted = manager.transfer({ ...jobs.make("blob"), way: "two" }, { signal: controller.signal });
  const throwing = manager.transfer(
    { ...jobs.make("blob"), way: "two" },
    {
      onState() {
        throw bug;
      },
    },
  );
  const ends = [aborted, throwing].map((one) => one.catch((error: unknown) => error));
  await settled();
  jobs.contexts.get("blob")?.report(1, 2);
  controller.abort(new Error("enough"));
  expect(await Promise.all(ends)).toEqual([controller.signal.reason, bug]);
  jobs.finish("blob");
  expect(await first).toBe("transferred");
  expect(jobs.started).toEqual(["blob"]);
});
