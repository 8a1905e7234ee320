import { Agent, type IncomingMessage, request } from "node:http";
import { type Answer, ConnectionLostError } from "./call.ts";

/** A request whose body comes as the test says. */
export interface SlowRequest {
  /** Sends bytes; resolves when they left this process. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the body. */
  end(): void;
  /** Cuts the connection. */
  cut(): void;
  /** @throws {ConnectionLostError} when no whole answer came. */
  readonly answer: Promise<Answer>;
}

/** Starts a request on a connection of its own and sends its head. */
export function startRequest(url: string | URL, method: string, headers: Readonly<Record<string, string>> = {}): SlowRequest {
  const outgoing = request(url, { method, headers, agent: new Agent({ keepAlive: false }) });
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.on("error", (error) => reject(new ConnectionLostError(error.message, error)));
    outgoing.once("response", (incoming: IncomingMessage) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", (error) => reject(new ConnectionLostError(error.message, error)));
      incoming.once("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }));
    });
  });
  answer.catch(() => undefined); // for tests that only cut
  outgoing.flushHeaders();
  return {
    write: (bytes) => new Promise((resolve) => outgoing.write(bytes, () => resolve())),
    end: () => void outgoing.end(),
    cut: () => void outgoing.destroy(),
    answer,
  };
}
