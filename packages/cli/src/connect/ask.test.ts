import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { fakeIo } from "../testing/fake-io.ts";
import { askSecret } from "./ask.ts";

test("[engine/T36] a secret is asked for only once the terminal shows nothing of what is typed, and then it shows all again", async () => {
  const fake = fakeIo({ terminal: { columns: 80, rows: 24 } });
  const asked: [isRaw: boolean, before: string][] = [];
  const setRawMode = (isRaw: boolean): void => void asked.push([isRaw, fake.stderr()]);
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
  const answer = askSecret({ ...fake.io, stdin }, "Password: ");
  stdin.write("open sesame\r");
  expect(await answer).toBe("open sesame");
  expect(asked).toEqual([
    [true, ""],
    [false, "Password: "],
  ]);
  expect(fake.stderr()).toBe("Password: \n");
});
