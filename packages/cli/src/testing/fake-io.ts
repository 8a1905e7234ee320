import { Readable, Writable } from "node:stream";
import type { CommandIo, OutputStream } from "../io.ts";

/** A world of strings for a command. */
export interface FakeIo {
  readonly io: CommandIo;
  /** Everything written to standard output. */
  stdout(): string;
  /** Everything written to standard error. */
  stderr(): string;
}

/** What a fake world holds. */
export interface FakeIoOptions {
  /** Default: nothing, and its end. */
  readonly stdin?: string | Uint8Array;
  /** Variables; default none. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Size of the terminal that standard error is; default: it is none. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  /** What somebody types; standard input is then a terminal. */
  readonly typed?: readonly string[];
}

/** Makes a world for one command. */
export function fakeIo({ stdin = "", env = {}, signal = new AbortController().signal, terminal, typed }: FakeIoOptions = {}): FakeIo {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  return {
    io: {
      stdin: typed === undefined ? Readable.from([Buffer.from(stdin)]) : keyboard(typed),
      stdout: sink(out),
      stderr: Object.assign(sink(err), terminal && { isTTY: true, ...terminal }),
      env,
      signal,
    },
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
  };
}

function sink(parts: Buffer[]): OutputStream {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      parts.push(Buffer.from(chunk));
      done();
    },
  });
}

/** A terminal at which a line is typed whenever one is waited for. */
function keyboard(lines: readonly string[]): CommandIo["stdin"] {
  const left = [...lines];
  const stream = new Readable({ read: () => undefined });
  const type = (): void => {
    const line = left.shift();
    if (line !== undefined) setImmediate(() => stream.push(`${line}\r`));
  };
  stream.on("resume", type);
  return Object.assign(stream, { isTTY: true, setRawMode: () => stream });
}
