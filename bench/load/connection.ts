import { connect, type Socket } from "node:net";
import { type Response, ResponseScanner } from "./response-scanner.ts";

/** A request that is ready to be written. */
export interface PreparedRequest {
  /** Written together, in this order. */
  readonly parts: readonly Uint8Array[];
  readonly isHead: boolean;
}

const READ_BUFFER = 512 * 1024;

/**
 * One kept-alive HTTP/1.1 connection that carries one exchange at a time. A bare socket and prebuilt bytes, read into one
 * buffer that is used again and again: an HTTP client would take more of the machine than the server that is measured.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #scanner: ResponseScanner;
  #waiting: PromiseWithResolvers<Response> | undefined;

  private constructor(port: number) {
    this.#scanner = new ResponseScanner((response) => this.#settle(response));
    const buffer = Buffer.allocUnsafe(READ_BUFFER);
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: { buffer, callback: (length) => this.#read(buffer, length) },
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("Cannot go on: the server closed the connection")));
  }

  /** Connects to a port of 127.0.0.1. */
  static async open(port: number): Promise<Connection> {
    const connection = new Connection(port);
    await new Promise<void>((resolve, reject) => {
      connection.#socket.once("connect", resolve);
      connection.#socket.once("error", reject);
    });
    return connection;
  }

  /** Sends a request and waits for the whole response. @throws {Error} when the connection breaks first. */
  exchange(request: PreparedRequest): Promise<Response> {
    if (this.#waiting !== undefined) throw new Error("Cannot send a request: the last one is not answered yet");
    const waiting = Promise.withResolvers<Response>();
    this.#waiting = waiting;
    this.#scanner.expect(request);
    const [only, ...more] = request.parts;
    if (only === undefined) throw new Error("Cannot send a request without a byte");
    if (more.length === 0) this.#socket.write(only);
    else {
      this.#socket.cork();
      for (const part of request.parts) this.#socket.write(part);
      this.#socket.uncork();
    }
    return waiting.promise;
  }

  /** Ends the connection at once. */
  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #read(buffer: Buffer, length: number): boolean {
    try {
      this.#scanner.scan(buffer, length);
    } catch (error) {
      this.#fail(error);
      this.#socket.destroy();
    }
    return true;
  }

  #settle(response: Response): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(response);
  }

  #fail(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
