import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A socket that says exactly what it is told, for requests that no HTTP client would send. */
export class RawConnection {
  readonly socket: Socket;
  #received = "";

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      this.#received += chunk;
    });
    socket.on("error", () => undefined); // a reset is one of the outcomes that tests look at
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: "127.0.0.1" });
    const connection = new RawConnection(socket);
    await once(socket, "connect");
    return connection;
  }

  /** Everything that came so far. */
  get received(): string {
    return this.#received;
  }

  /** Status of the first answer; 0 when none came. */
  get status(): number {
    return Number(/^HTTP\/1\.[01] (\d{3})/.exec(this.#received)?.[1] ?? "0");
  }

  write(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Resolves when `pattern` came, or the other side closed. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received) && !this.socket.closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      for (const event of ["data", "close"]) this.socket.once(event, resolve);
      await promise;
    }
    return this.#received;
  }

  /** Resolves when the other side closed. */
  async closed(): Promise<string> {
    if (!this.socket.closed) await new Promise((resolve) => void this.socket.once("close", resolve)); // a reset closes it, too
    return this.#received;
  }

  destroy(): void {
    this.socket.destroy();
  }
}
