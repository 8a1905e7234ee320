import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { StatementSync } from "node:sqlite";

/*
 * Loaded before the server with `--import`: kills the process with SIGKILL around a chosen call, so that crashes at named points of a
 * push can be had at will. `BERTH_KILL_POINT` is `<call>:<before|after>:<n>`; the n-th such call counts.
 */

type Callback = (...results: unknown[]) => void;
type Method = (...parameters: unknown[]) => unknown;

const [name = "", moment = "before", count = "1"] = (process.env["BERTH_KILL_POINT"] ?? "").split(":");
let calls = 0;

function isDue(): boolean {
  calls += 1;
  return calls === Number(count);
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

if (name === "commit") {
  const original: unknown = Reflect.get(StatementSync.prototype, "run");
  if (typeof original !== "function") throw new TypeError('node:sqlite has no call "run"');
  Reflect.set(StatementSync.prototype, "run", function run(this: StatementSync, ...parameters: unknown[]): unknown {
    const due = this.sourceSQL === "COMMIT" && isDue();
    if (due && moment === "before") die();
    const result: unknown = Reflect.apply(original, this, parameters);
    if (due) die();
    return result;
  });
} else if (name !== "") {
  const original: unknown = Reflect.get(fs, name);
  if (typeof original !== "function") throw new TypeError(`node:fs has no call "${name}"`);
  const method: Method = (...parameters) => {
    if (isDue()) {
      if (moment === "before") die();
      const callback = parameters.at(-1);
      if (typeof callback === "function") parameters[parameters.length - 1] = die satisfies Callback;
    }
    const result: unknown = Reflect.apply(original, fs, parameters);
    return result;
  };
  Reflect.set(fs, name, method);
  syncBuiltinESMExports();
}
