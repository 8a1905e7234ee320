import { type ChildProcess, fork } from "node:child_process";
import type { Job, JobResult } from "./load/jobs.ts";

type Reply = { readonly result: JobResult } | { readonly error: string };

/** The load generator, seen from the process that conducts the run. */
export class Generator {
  readonly #child: ChildProcess = fork(new URL("./load/main.ts", import.meta.url), { stdio: "inherit" });

  /** Its process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Does one job. @throws {Error} when an operation of it fails or the generator ends. */
  run(job: Job): Promise<JobResult> {
    return new Promise<JobResult>((resolve, reject) => {
      const onExit = (): void => reject(new Error("Cannot measure: the load generator ended"));
      this.#child.once("exit", onExit);
      this.#child.once("message", (reply: Reply) => {
        this.#child.removeListener("exit", onExit);
        if ("error" in reply) reject(new Error(reply.error));
        else resolve(reply.result);
      });
      this.#child.send({ job });
    });
  }

  /** Ends the process. */
  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
