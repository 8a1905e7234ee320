import { once } from "node:events";
import { isIP, type Socket } from "node:net";
import { unescape } from "node:querystring";
import { MAX_TIMER_MS } from "../number-option.ts";
import { ConnectionFailure } from "./connection-failure.ts";
import type { ConnectTarget } from "./connector.ts";
import { errorCode } from "./error-code.ts";
import { proxyFailure, reachProxy } from "./reach-proxy.ts";

const DEFAULT_PORT = 1080;

const VERSION = 5;
const NO_CREDENTIALS = 0;
const USER_AND_PASSWORD = 2;
const CONNECT = 1;

/** Bytes of an address in an answer, by its type; 3 is a name, whose length goes before it. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 4: 16 };

/** Why there is no connection, by code. @see RFC 1928, section 6 */
const REPLIES: Readonly<Record<number, string>> = {
  2: "its rules do not allow it",
  3: "the network cannot be reached",
  4: "the host cannot be reached",
  5: "the connection was refused",
  6: "the host is too many hops away",
};

/**
 * Asks a SOCKS 5 proxy for a connection to a host, whose name the proxy resolves. @see RFC 1928; RFC 1929 for user and password
 *
 * @param connect makes the connection to the proxy itself
 * @param timeoutMs until the proxy must have answered
 */
export async function openSocksTunnel(
  proxy: URL,
  target: ConnectTarget,
  connect: (target: ConnectTarget) => Promise<Socket>,
  timeoutMs: number,
): Promise<Socket> {
  const hostname = proxy.hostname.replace(/^\[|\]$/g, "");
  const socket = await reachProxy(
    proxy,
    connect({ hostname, host: proxy.host, port: Number(proxy.port) || DEFAULT_PORT, isSecure: false }),
  );
  const timer = setTimeout(() => socket.destroy(proxyFailure(proxy, "did not answer in time")), timeoutMs || MAX_TIMER_MS);
  try {
    const answers = new Answers(socket, proxy);
    await greet(socket, proxy, answers);
    await askFor(socket, proxy, target, answers);
    answers.finish();
    return socket;
  } catch (error) {
    socket.destroy();
    if (error instanceof ConnectionFailure) throw error;
    throw proxyFailure(proxy, `broke off (${errorCode(error) ?? String(error)})`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Says who we are, as the proxy wants it. */
async function greet(socket: Socket, proxy: URL, answers: Answers): Promise<void> {
  // a `%` that escapes nothing stands for itself, as with other proxies
  const user = Buffer.from(unescape(proxy.username));
  const password = Buffer.from(unescape(proxy.password));
  const methods = user.byteLength + password.byteLength > 0 ? [NO_CREDENTIALS, USER_AND_PASSWORD] : [NO_CREDENTIALS];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method = 0xff] = await answers.take(2);
  if (version !== VERSION) throw proxyFailure(proxy, "does not speak SOCKS 5");
  if (!methods.includes(method)) throw proxyFailure(proxy, "wants credentials: give them in its URL");
  if (method === NO_CREDENTIALS) return;
  socket.write(Buffer.concat([Buffer.from([1]), counted(user, proxy), counted(password, proxy)]));
  const [, status] = await answers.take(2);
  if (status !== 0) throw proxyFailure(proxy, "does not take the credentials");
}

async function askFor(socket: Socket, proxy: URL, { hostname, port }: ConnectTarget, answers: Answers): Promise<void> {
  const end = Buffer.alloc(2);
  end.writeUInt16BE(port);
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressOf(hostname, proxy), end]));
  const [version, reply = 0, , type = 0] = await answers.take(4);
  if (version !== VERSION) throw proxyFailure(proxy, "does not speak SOCKS 5");
  if (reply !== 0) throw proxyFailure(proxy, `gave no connection: ${REPLIES[reply] ?? `it failed (${reply})`}`);
  const length = ADDRESS_BYTES[type] ?? (await answers.take(1))[0] ?? 0;
  await answers.take(length + 2); // where the proxy connects from: nobody needs it
}

/** Names are the proxy's to resolve; an address of version 6 goes as one, which a name cannot be. */
function addressOf(hostname: string, proxy: URL): Buffer {
  const version = isIP(hostname);
  if (version === 4) return Buffer.from([1, ...hostname.split(".").map(Number)]);
  if (version === 6) return Buffer.concat([Buffer.from([4]), bytesOfV6(hostname)]);
  return Buffer.concat([Buffer.from([3]), counted(Buffer.from(hostname), proxy)]);
}

/** `URL` has written it in its shortest form, without dots. */
function bytesOfV6(address: string): Buffer {
  const [head = [], tail = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function counted(text: Buffer, proxy: URL): Buffer {
  if (text.byteLength > 255) throw proxyFailure(proxy, "takes no name and no credentials of more than 255 bytes");
  return Buffer.concat([Buffer.from([text.byteLength]), text]);
}

/** Reads the proxy's answers. */
class Answers {
  readonly #socket: Socket;
  readonly #proxy: URL;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, proxy: URL) {
    this.#socket = socket;
    this.#proxy = proxy;
  }

  async take(size: number): Promise<Uint8Array> {
    while (this.#held.byteLength < size) this.#held = Buffer.concat([this.#held, await this.#next()]);
    const taken = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    return taken;
  }

  /** Gives back what came behind the answers. */
  finish(): void {
    if (this.#held.byteLength > 0) this.#socket.unshift(this.#held);
  }

  async #next(): Promise<Uint8Array> {
    const over = new AbortController();
    try {
      for (;;) {
        const bytes: unknown = this.#socket.read();
        if (bytes instanceof Uint8Array) return bytes;
        if (this.#socket.destroyed) throw this.#socket.errored ?? proxyFailure(this.#proxy, "ended the connection");
        await Promise.race([once(this.#socket, "readable", over), once(this.#socket, "close", over)]);
      }
    } finally {
      over.abort();
    }
  }
}
