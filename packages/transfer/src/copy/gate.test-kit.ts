import type { IncomingMessage, ServerResponse } from "node:http";
import { settled } from "../manager/manager.test-kit.ts";
import { type FakeRegistry, imageOf, startFake } from "./copy.test-kit.ts";

/** Holds GETs of blobs until told. */
export function gate(): {
  readonly open: () => void;
  readonly waiting: () => number;
  readonly peak: () => number;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
} {
  const opened = Promise.withResolvers<void>();
  let [waiting, peak] = [0, 0];
  return {
    open: opened.resolve,
    waiting: () => waiting,
    peak: () => peak,
    async answer(request, response) {
      if (request.method !== "GET" || request.url?.includes("/blobs/") !== true) return false;
      waiting++;
      peak = Math.max(peak, waiting);
      response.once("close", () => waiting--);
      await opened.promise;
      return false;
    },
  };
}

/** Lets everything run until it is true. */
export async function waitFor(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await settled();
}

/** A registry that holds an image of so many layers as `a:v1`. */
export async function started(layers: number, answer: ReturnType<typeof gate>["answer"]): Promise<FakeRegistry> {
  const from = await startFake({ answer });
  from.put("a", imageOf(layers), "v1");
  return from;
}
