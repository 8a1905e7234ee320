import { run } from "../program.ts";
import { fakeIo, type FakeIoOptions } from "./fake-io.ts";

/** How a command went: its exit `code`, and what it wrote to `stdout` and `stderr`. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a world of its own: no home, no variables. */
export async function berth(args: readonly string[], options: FakeIoOptions = {}): Promise<Ran> {
  const fake = fakeIo(options);
  const code = await run(args, { io: fake.io });
  return { code, stdout: fake.stdout(), stderr: fake.stderr() };
}
