/** One response, as little of it as a measurement needs. */
export interface Response {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  /** Length of the body. */
  readonly bytes: number;
  /** The start of the body when the status says that something went wrong, else empty. */
  readonly error: string;
}

const END_OF_HEAD = "\r\n\r\n";
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const MAX_HEAD = 64 * 1024;
const MAX_ERROR = 400;

/** Finds where responses end on a connection that carries one exchange at a time. It looks at no more bytes than it must. */
export class ResponseScanner {
  readonly #onResponse: (response: Response) => void;
  #withoutBody = false;
  #state: "head" | "body" | "chunk-size" | "chunk" | "chunk-end" | "trailer" = "head";
  #text = "";
  #head = "";
  #status = 0;
  #remaining = 0;
  #bytes = 0;
  #error = "";

  constructor(onResponse: (response: Response) => void) {
    this.#onResponse = onResponse;
  }

  /** Says what is asked next: a response to HEAD has no body, whatever its Content-Length. */
  expect(request: { readonly isHead: boolean }): void {
    this.#withoutBody = request.isHead;
  }

  /** Takes the first `length` bytes of a buffer, which may be reused afterwards. */
  scan(buffer: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.#state === "head") at = this.#scanHead(buffer, at, length);
      else if (this.#state === "body" || this.#state === "chunk") at = this.#skip(buffer, at, length);
      else at = this.#scanLine(buffer, at, length);
    }
  }

  #scanHead(buffer: Buffer, at: number, length: number): number {
    const before = this.#text.length;
    const end = before === 0 ? buffer.indexOf(END_OF_HEAD, at, "latin1") : -1;
    if (end >= 0 && end + 4 <= length) {
      this.#startBody(buffer.toString("latin1", at, end + 4));
      return end + 4;
    }
    this.#text += buffer.toString("latin1", at, length);
    const found = this.#text.indexOf(END_OF_HEAD);
    if (found < 0) {
      if (this.#text.length > MAX_HEAD) throw new Error(`Cannot read a response: its headers are longer than ${MAX_HEAD} bytes`);
      return length;
    }
    const head = this.#text.slice(0, found + 4);
    this.#text = "";
    this.#startBody(head);
    return at + head.length - before;
  }

  #startBody(head: string): void {
    this.#head = head;
    this.#status = Number(head.slice(9, 12));
    this.#bytes = 0;
    this.#error = "";
    if (!head.startsWith("HTTP/1.1 ") || !(this.#status >= 200))
      throw new Error(`Cannot read a response: it starts with "${head.slice(0, 40)}"`);
    if (this.#withoutBody || this.#status === 204 || this.#status === 304) return this.#finish();
    const declared = LENGTH.exec(head)?.[1];
    if (declared !== undefined) {
      this.#remaining = Number(declared);
      if (this.#remaining === 0) return this.#finish();
      this.#state = "body";
    } else if (CHUNKED.test(head)) this.#state = "chunk-size";
    else throw new Error(`Cannot read a response: nothing says how long it is: ${JSON.stringify(head)}`);
  }

  #skip(buffer: Buffer, at: number, length: number): number {
    const taken = Math.min(this.#remaining, length - at);
    if (this.#status >= 400 && this.#error.length < MAX_ERROR) this.#error += buffer.toString("latin1", at, at + taken);
    this.#bytes += taken;
    this.#remaining -= taken;
    if (this.#remaining === 0) {
      if (this.#state === "body") this.#finish();
      else this.#state = "chunk-end";
    }
    return at + taken;
  }

  /** A line of the chunked coding: a size, the empty line after a chunk, or the trailer. */
  #scanLine(buffer: Buffer, at: number, length: number): number {
    const end = buffer.indexOf(10, at);
    if (end < 0 || end >= length) {
      this.#text += buffer.toString("latin1", at, length);
      return length;
    }
    const line = (this.#text + buffer.toString("latin1", at, end)).trimEnd();
    this.#text = "";
    if (this.#state === "chunk-end") this.#state = "chunk-size";
    else if (this.#state === "trailer") {
      if (line === "") this.#finish();
    } else {
      this.#remaining = Number.parseInt(line, 16);
      this.#state = this.#remaining === 0 ? "trailer" : "chunk";
    }
    return end + 1;
  }

  #finish(): void {
    this.#state = "head";
    this.#onResponse({ status: this.#status, head: this.#head, bytes: this.#bytes, error: this.#error });
  }
}
