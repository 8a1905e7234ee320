import { Connection } from "./connection.ts";
import type { Job, JobResult } from "./jobs.ts";
import { operationOf } from "./operations.ts";

const MAX_DIGESTS = 10_000;

/** Does a job with all its connections at once. @throws {Error} when one operation fails: half a figure is no figure. */
export async function runJob(job: Job): Promise<JobResult> {
  const operation = operationOf(job);
  const limit = job.limit ?? Number.POSITIVE_INFINITY;
  const connections = await Promise.all(Array.from({ length: job.connections }, () => Connection.open(job.port)));
  const digests: string[] = [];
  let started = 0;
  let finished = 0;
  let bytes = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const deadline = began + job.seconds * 1000;

  const work = async (connection: Connection, connectionNumber: number): Promise<void> => {
    while (started < limit && performance.now() < deadline) {
      const outcome = await operation(connection, connectionNumber, started++);
      finished += 1;
      bytes += outcome.bytes;
      if (outcome.digest !== undefined && digests.length < MAX_DIGESTS) digests.push(outcome.digest);
    }
  };

  try {
    await Promise.all(connections.map(work));
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { operations: finished, bytes, seconds, cpuSeconds: (user + system) / 1e6, digests };
  } finally {
    for (const connection of connections) connection.close();
  }
}
