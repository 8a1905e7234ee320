import { describe, expect, test, vi } from "vitest";
import { MAX_RETRIES, retryDelayMs, withRetries } from "./retry.ts";

describe("withRetries()", () => {
  test("[server/SQ24] waits longer each time, with jitter around a growing mean", () => {
    expect([0, 1, 2, 3, 4].map((retry) => retryDelayMs(retry, 0.5))).toEqual([20, 60, 180, 540, 1620]);
    expect([retryDelayMs(0, 0), retryDelayMs(0, 1)]).toEqual([10, 30]);
  });

  test("[server/SQ24] gives up after five retries, at once for an error that will not pass", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(-0.5); // no wait at all
    const attempt = vi.fn(() => Promise.reject(new Error("met")));
    await expect(withRetries(attempt, () => true)).rejects.toThrow("met");
    expect(attempt).toHaveBeenCalledTimes(1 + MAX_RETRIES);
    attempt.mockClear();
    await expect(withRetries(attempt, () => false)).rejects.toThrow("met");
    expect(attempt).toHaveBeenCalledTimes(1);
    random.mockRestore();
  });
});
