import type { Endpoint, HostsTable } from "@berth/transfer";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure } from "../exit-code.ts";
import { oneLine } from "../output/plain-text.ts";
import type { Session } from "../session/session.ts";
import type { UserConfig } from "../user-config/user-config.ts";

/**
 * Does something at each place that a registry can be read at, until one works out: at its mirrors, which the user's config file names, the
 * one with the highest priority first, then at itself. A registry without mirrors costs nothing here.
 *
 * @param work gets the mirror, or undefined for the registry itself. It may run several times, so that it must not have given anything
 * away before it is sure to end well.
 */
export async function overMirrors<T>(session: Session, registry: string, work: (mirror: Endpoint | undefined) => Promise<T>): Promise<T> {
  const hosts = hostsOf(await session.connections.userConfig(), registry);
  if (hosts === undefined) return await work(undefined);
  const { endpointsFor, overEndpoints } = await import("@berth/transfer");
  const done = await overEndpoints<T | CommandFailure>(
    endpointsFor(registry, "pull", hosts),
    async (endpoint) => {
      try {
        return await work(endpoint.isMirror ? endpoint : undefined);
      } catch (error) {
        if (error instanceof CommandFailure) return error; // nothing that another place could help with
        throw error;
      }
    },
    {
      registry,
      signal: session.signal,
      onWarning({ endpoint, error }) {
        const why = error instanceof Error ? oneLine(error.message) : "unknown reason";
        if (!isMissing(error)) session.warnings.add(`mirror ${endpoint} of ${registry} was left out: ${why}`);
      },
    },
  );
  if (done instanceof CommandFailure) throw done;
  return done;
}

/** The mirrors of a registry; undefined: it has none. */
function hostsOf({ registries }: UserConfig, registry: string): HostsTable | undefined {
  const names = registries.get(registry)?.mirrors ?? [];
  if (names.length === 0) return undefined;
  const mirrors = names
    .map((host) => ({ host, priority: 0, ...registries.get(host) }))
    .toSorted((a, b) => b.priority - a.priority)
    .map(({ host, pathPrefix = "", answerTimeout: answerTimeoutMs }) => ({
      url: `${host}/${pathPrefix}`,
      ...(answerTimeoutMs !== undefined && { answerTimeoutMs }),
    }));
  return { [registry]: { mirrors } };
}
