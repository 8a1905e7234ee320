import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";
import { serveHandler } from "../testing/registry.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const at = useRegistry();

test("who stops a command that waits for an upload to be taken back learns what it waits for", async () => {
  const stop = new AbortController();
  const { io, stderr } = fakeIo({ signal: stop.signal });
  let isTold = false;
  const server = await serveHandler((request, response) => {
    if (request.method === "PATCH" || request.method === "PUT") {
      stop.abort(); // and no answer
    } else if (request.method === "DELETE") {
      const look = setInterval(() => {
        isTold = stderr().includes("taking back what was uploaded; Ctrl-C again to stop at once");
        if (isTold) response.writeHead(204).end();
      }, 20);
      response.once("close", () => clearInterval(look)); // the command waits for 5 s, and goes
    } else at.embedded.handler(request, response);
  });
  try {
    writeFileSync(at.path, "content");
    expect(await run(["push", `${server.host}/app:v1`, at.path], { io })).toBe(130);
    expect(isTold).toBe(true);
  } finally {
    await server.close();
  }
});
