import { connect } from "node:net";
import type { CallOptions } from "@berth/oci";

/** Milliseconds that a server of this machine has to say something. */
const ANSWER_MS = 1000;

/**
 * What a client of TLS says first, as short as may be. Its random part is line ends, so that servers that read lines answer too.
 *
 * @see RFC 5246 section 7.4.1.2
 */
const CLIENT_HELLO: Uint8Array = Buffer.from(`160301002d010000290303${"0d0a".repeat(16)}000002c02f0100`, "hex");

/**
 * The port of a registry on this very machine, when the registry is one and whether it speaks TLS is not known: nothing is between it and
 * us that could answer in its place.
 */
export function localAddress(registry: string): { readonly host: string; readonly port: number } | undefined {
  const url = URL.parse(`http://${registry}`);
  if (url === null || url.port === "" || !/^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/.test(url.hostname)) return undefined;
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
}

/**
 * Finds out, by beginning to speak TLS, whether a server answers in plain HTTP. To do that with a whole handshake takes as long as all
 * the rest of a small command. False: it does not, or nothing can be said.
 */
export async function answersInHttp(address: { readonly host: string; readonly port: number }, { signal }: CallOptions): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ ...address, ...(signal && { signal }) });
    const end = (answer: boolean): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.setTimeout(ANSWER_MS, () => end(false));
    socket.once("connect", () => socket.write(CLIENT_HELLO));
    socket.once("data", (chunk: Buffer) => end(chunk.toString("latin1").startsWith("HTTP/")));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
  });
}
