import type { RateLimit } from "@berth/client";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { openPlace, sourceLocation } from "../connect/place.ts";
import { DEFAULT_REGISTRY, hostOf } from "../connect/registry-host.ts";
import { registryHostOf } from "../content/list-place.ts";
import { ifThere } from "../content/tag-details.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { humanSeconds } from "../output/human.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";

/** What `berth ping` finds out. */
interface Pong {
  readonly registry: string;
  /** What answered. */
  readonly url: string;
  readonly durationMs: number;
  readonly rateLimit?: RateLimit | undefined;
}

/** `berth ping`. */
export function pingCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("[place]", "a registry; or an image, which registries that limit pulls tell the limit with", DEFAULT_REGISTRY)
    .action(
      act(options, async (session, text: string) => {
        const pong = await ping(session, text);
        await session.print({ data: pong, text: () => pongText(pong) });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format"));
  return addHelp(command, {
    text: "Exits 0 when the registry answers and lets us in, whether or not it has the image.",
    examples: [
      ["berth ping localhost:5000", "whether it is there"],
      ["berth ping docker.io/library/debian", "how many pulls are left"],
    ],
    output: {
      registry: "the host",
      url: "what answered; of an image its repository",
      durationMs: "milliseconds until it did",
      "rateLimit.limit": "requests within the window, if the registry says",
      "rateLimit.remaining": "requests that are left",
      "rateLimit.windowSeconds": "length of the window",
      "rateLimit.resetSeconds": "until the window ends",
    },
  });
}

async function ping(session: Session, text: string): Promise<Pong> {
  const { acknowledged, parseRateLimit } = await import("@berth/client");
  const isHost = text === DEFAULT_REGISTRY || registryHostOf(text) !== undefined;
  const { signal } = session;
  const began = performance.now();
  if (isHost) {
    const registry = hostOf(text);
    session.subject = registry;
    const connection = await session.connections.to(registry);
    const response = await connection.send({ method: "GET", target: "/v2/", operation: `reach "${registry}"`, expect: [200], signal });
    await acknowledged(response);
    const { origin } = response.request.url;
    return { registry, url: origin, durationMs: Math.round(performance.now() - began), rateLimit: parseRateLimit(response.headers) };
  }
  const isRegistry = sourceLocation(text).transport === "registry";
  const { repository, reference, name } = isRegistry ? await openPlace(session, text) : { repository: undefined };
  if (repository === undefined) throw new CommandFailure(EXIT_CODE.usage, `"${text}" is no registry`);
  const rateLimit = await advised(text, async () => {
    return await ifThere(async () => {
      const descriptor = await repository.resolve(reference, { signal });
      return parseRateLimit(await repository.fetchHead(descriptor, { signal }));
    });
  });
  return { registry: repository.registry, url: name, durationMs: Math.round(performance.now() - began), rateLimit };
}

/** A word alone is an image of Docker Hub, and may have been meant as a host. */
async function advised<T>(text: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (/[.:/]/.test(text) || !(error instanceof Error)) throw error;
    throw new AdvisedError(error, `"${text}" is an image of Docker Hub here; a host has a dot or a port: ${text}:5000`);
  }
}

function pongText({ registry, url, durationMs, rateLimit }: Pong): string {
  const lines = [`${registry} answers: ${url}, after ${durationMs} ms`];
  if (rateLimit !== undefined) {
    const { limit, remaining, windowSeconds } = rateLimit;
    const window = windowSeconds === undefined ? "" : ` in ${humanSeconds(windowSeconds)}`;
    lines.push(`Rate limit: ${remaining ?? "?"} of ${limit ?? "?"} requests left${window}`);
  }
  return `${lines.join("\n")}\n`;
}
