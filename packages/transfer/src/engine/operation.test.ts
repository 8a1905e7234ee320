import { createMemoryStore } from "../memory/memory-store.ts";
import { expect, test } from "vitest";
import { imageOf, startFake } from "../copy/copy.test-kit.ts";
import { engineError, engineWith } from "./engine.test-kit.ts";
import type { EngineLogEvent } from "./engine-log.ts";
import { EngineError } from "../errors.ts";
import type { TransferEvent } from "../events.ts";

test("operations can be watched while they run, and tell the same to a late watcher", async () => {
  const registry = await startFake();
  const image = imageOf(3);
  registry.put("a", image, "v1");
  const told: TransferEvent[] = [];
  const running = engineWith().start.pull(`${registry.host}/a:v1`, { onEvent: (event) => told.push(event) });
  const ended: string[] = [];
  for await (const { id, last, action } of running.events) if (last) ended.push(`${action} ${id}`);
  const done = [...image.blobs.map(({ descriptor }) => descriptor), image.manifest.descriptor].map(
    ({ digest }) => `done ${digest.slice(7, 19)}`,
  );
  expect(new Set(ended.filter((line) => line.startsWith("done")))).toEqual(new Set(done));
  expect(await running.result).toHaveLength(1);
  expect(told.length).toBeGreaterThan(4);
  const late = await Array.fromAsync(running.events);
  expect(late.filter(({ action }) => action === "done")).toHaveLength(5);
});

test("a running operation can be canceled: the result says so, and the connection closes", async () => {
  const arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const registry = await startFake({
    answer(request, response) {
      if (!request.url?.includes("/blobs/")) return false;
      response.once("close", () => closed.resolve());
      arrived.resolve();
      return true; // never answers
    },
  });
  registry.put("a", imageOf(1), "v1");
  const running = engineWith().start.pull(`${registry.host}/a:v1`);
  await arrived.promise;
  running.cancel();
  expect(await engineError(running.result)).toMatchObject({ class: "Canceled", code: "ERR_CANCELED" });
  await closed.promise;
  await Array.fromAsync(running.events); // they end
  running.cancel();
});

test.each([
  ["an error", new Error("enough"), "enough"],
  ["no error", "enough", "enough"],
  ["an error that means something else", Object.assign(new Error("not here"), { code: "ENOENT" }), "not here"],
  ["one of the engine", new EngineError("other", { class: "NotFound", code: "ERR_NOT_FOUND", retryable: true }), "other"],
  ["a time limit", new DOMException("late", "TimeoutError"), "late"],
])("an abort with %s rejects as canceled, whatever was called, with the reason as the cause", async (_, reason, message) => {
  const registry = await startFake({ answer: () => true });
  const log: EngineLogEvent[] = [];
  const engine = engineWith({ log: (event) => log.push(event) });
  const controller = new AbortController();
  const { signal } = controller;
  const reference = `${registry.host}/a:v1`;
  const calls = (): readonly Promise<unknown>[] => [
    engine.pull(reference, { signal }),
    engine.push(reference, { from: createMemoryStore(), signal }),
    engine.copy(reference, `${registry.host}/b:v1`, { signal }),
    engine.resolve(reference, { signal }),
    engine.tags(reference, { signal }),
    engine.tag(reference, ["v2"], { signal }),
    engine.delete(reference, { signal }),
    engine.start.tags(reference, { signal }).result,
  ];
  const begun = calls();
  controller.abort(reason);
  const told = { class: "Canceled", code: "ERR_CANCELED", message, cause: reason, retryable: false };
  const all = [...begun.filter((_, at) => at !== 1), ...calls()]; // nothing is there to push: that is known before the abort
  for (const call of all) expect(await engineError(call)).toMatchObject(told);
  await Promise.allSettled(begun);
  expect(log.filter(({ error }) => error?.class === "Canceled" && error.message === message).length).toBeGreaterThanOrEqual(all.length);
});
