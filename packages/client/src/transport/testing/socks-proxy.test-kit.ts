import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tcpServer } from "./undici.test-kit.ts";

/** A SOCKS 5 proxy of a test. */
export interface SocksProxy {
  readonly host: string;
  /** What it was asked for: `host:port`, and the credentials before them if there were any: `user:password@host:port`. */
  readonly asked: string[];
}

/** How a {@link SocksProxy} behaves. */
export interface SocksProxyOptions {
  /** Wants credentials: `user:password`. */
  readonly credentials?: string;
  /** Answers a request for a connection with this code instead of making one; see RFC 1928, section 6. */
  readonly reply?: number;
}

/** Starts a proxy that brings everybody to `target`, whatever host was named: tests have no DNS. */
export async function startSocksProxy(target: string, options: SocksProxyOptions = {}): Promise<SocksProxy> {
  const asked: string[] = [];
  const address = await tcpServer((socket) => void serve(socket, target, options, asked).catch(() => socket.destroy()));
  return { host: new URL(address).host, asked };
}

async function serve(socket: Socket, target: string, { credentials, reply = 0 }: SocksProxyOptions, asked: string[]): Promise<void> {
  const [, methods = 0] = await take(socket, 2);
  const offered = await take(socket, methods);
  const method = credentials === undefined ? 0 : 2;
  if (!offered.includes(method)) return void socket.end(Buffer.from([5, 0xff]));
  socket.write(Buffer.from([5, method]));
  const given = credentials === undefined ? "" : await takeCredentials(socket);
  if (credentials !== undefined) socket.write(Buffer.from([1, given === `${credentials}@` ? 0 : 1]));
  const [, , , type = 0] = await take(socket, 4);
  const name = type === 3 ? await takeText(socket) : await takeAddress(socket, type);
  const port = (await take(socket, 2)).readUInt16BE();
  asked.push(`${given}${name}:${port}`);
  const answer = Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
  if (reply !== 0) return void socket.end(answer);
  const [hostname, targetPort] = target.split(":");
  const through = connect(Number(targetPort), hostname, () => socket.write(answer));
  through.on("error", () => socket.destroy()).on("close", () => socket.destroy());
  socket.on("close", () => through.destroy());
  through.pipe(socket).pipe(through);
}

async function takeCredentials(socket: Socket): Promise<string> {
  await take(socket, 1);
  const user = await takeText(socket);
  return `${user}:${await takeText(socket)}@`;
}

async function takeAddress(socket: Socket, type: number): Promise<string> {
  if (type === 1) return [...(await take(socket, 4))].join(".");
  return (await take(socket, 16)).toString("hex").replaceAll(/(.{4})(?!$)/g, "$1:");
}

async function takeText(socket: Socket): Promise<string> {
  const [length = 0] = await take(socket, 1);
  return (await take(socket, length)).toString();
}

async function take(socket: Socket, size: number): Promise<Buffer> {
  for (;;) {
    const bytes: unknown = size === 0 ? Buffer.alloc(0) : socket.read(size);
    if (bytes instanceof Buffer) return bytes;
    await once(socket, "readable");
  }
}
