import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const MODULE = fileURLToPath(new URL("./log-output.ts", import.meta.url));

/** A process that logs by our output and says on standard input what it is told. */
function logging(script: string): ChildProcess & { readonly stdout: NonNullable<ChildProcess["stdout"]> } {
  const source = `import { openLogOutput } from ${JSON.stringify(MODULE)}; const out = openLogOutput(1); ${script}`;
  const child = spawn(process.execPath, ["--conditions=berth-source", "--input-type=module-typescript", "-e", source], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(stream)).toString();
}

test("lines come whole and in order, those of the end too", async () => {
  const child = logging(
    'for (let i = 0; i < 20000; i++) out.write("line " + i + "\\n"); setImmediate(() => { out.write("last\\n"); process.on("exit", () => out.flush()); });',
  );
  const lines = (await textOf(child.stdout)).split("\n");
  expect(lines.at(-2)).toBe("last");
  expect(lines.slice(0, 20_000)).toEqual(Array.from({ length: 20_000 }, (_, at) => `line ${at}`));
});

test("a reader that went away keeps nobody from ending, whether it was noticed or not", async () => {
  for (const before of ["", 'out.write("noticed\\n"); await new Promise((done) => setTimeout(done, 50));']) {
    const child = logging(
      `process.stdin.once("data", async () => { ${before} out.write("x".repeat(200000) + "\\n"); out.flush(); process.exit(7); });`,
    );
    child.stdout.destroy();
    child.stdin?.write("go");
    expect(await once(child, "exit")).toEqual([7, null]);
  }
});
