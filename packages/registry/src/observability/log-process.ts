import { randomUUID } from "node:crypto";
import type { LogFields } from "./log.ts";

/** What every line of one process carries, under distribution's names (X1, X7). */
export function processFields({
  version,
  environment,
}: {
  readonly version: string;
  readonly environment?: string | undefined;
}): LogFields {
  return {
    "instance.id": randomUUID(),
    // Distribution's name; dashboards group by it. What runs here is Node.
    "go.version": `node ${process.version}`,
    service: "registry",
    version,
    ...(environment === undefined ? {} : { environment }),
  };
}
