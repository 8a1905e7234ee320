import { Readable, Writable } from "node:stream";
import type { CommandIo } from "../io.ts";

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
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Makes a world for one command. */
export function fakeIo({ stdin = "", env = {}, signal = new AbortController().signal }: FakeIoOptions = {}): FakeIo {
  const out: string[] = [];
  const err: string[] = [];
  return {
    io: { stdin: Readable.from([Buffer.from(stdin)]), stdout: sink(out), stderr: sink(err), env, signal },
    stdout: () => out.join(""),
    stderr: () => err.join(""),
  };
}

function sink(parts: string[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      parts.push(chunk.toString());
      done();
    },
  });
}
