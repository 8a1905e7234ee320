import { parseWarning, type Warning } from "@berth/oci";
import { ResponseError } from "../errors.ts";
import type { TransportResponse } from "../transport/transport.ts";
import type { Connection } from "./connection.ts";
import { faceOf } from "./connection-face.ts";

/** A warning, and who gave it about what. */
export interface RegistryWarning extends Warning {
  /** Host, perhaps with a port. */
  readonly registry: string;
  /** What was asked for, in words that fit behind "Cannot": `push blob`. */
  readonly operation: string;
}

/** Takes warnings, one a call. */
export type WarningHandler = (warning: RegistryWarning) => void;

/** Hands the warnings of a response to `handler`: one call for each `Warning` field. @see OCI distribution-spec, "Warnings" */
export function reportWarnings(
  response: Pick<TransportResponse, "headers">,
  handler: WarningHandler,
  about: { readonly registry: string; readonly operation: string },
): void {
  const fields = response.headers["warning"];
  if (fields === undefined) return;
  for (const value of typeof fields === "string" ? [fields] : fields) {
    const warning = parseWarning(value);
    if (warning !== undefined) handler({ ...warning, ...about });
  }
}

/** The same connection, the warnings of its answers handed to one more handler. */
export function withWarnings(connection: Connection, handler: WarningHandler): Connection {
  const { registry } = connection;
  return faceOf(connection, {
    ...connection,
    async send(request) {
      const about = { registry, operation: request.operation ?? "send request" };
      try {
        const response = await connection.send(request);
        reportWarnings(response, handler, about);
        return response;
      } catch (error) {
        if (error instanceof ResponseError) reportWarnings(error, handler, about);
        throw error;
      }
    },
    close: (options) => connection.close(options),
  });
}

/** Texts that {@link onceEach} remembers, at most. */
const MAX_REMEMBERED = 1000;

/**
 * Passes each warning on once: registries repeat theirs with every answer. A warning counts as the same when registry and text are. When
 * more than 1000 were seen the oldest are forgotten.
 */
export function onceEach(handler: WarningHandler): WarningHandler {
  const seen = new Set<string>();
  return (warning) => {
    const key = `${warning.registry} ${warning.text}`;
    if (seen.has(key)) return;
    seen.add(key);
    if (seen.size > MAX_REMEMBERED) {
      for (const oldest of seen) {
        seen.delete(oldest);
        break;
      }
    }
    handler(warning);
  };
}
