import { once } from "node:events";
import { connect } from "node:net";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createScratch, startDaemon } from "@berth/testkit/parts";
import { expect, onTestFinished, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("[server/C7] SIGTERM to npm start ends the server, with a connection that a client keeps for later", async () => {
  const scratch = await createScratch();
  onTestFinished(() => scratch.remove());
  const npm = await startDaemon("npm", ["--prefix", ROOT, "start", "--", "--port", "0", "--data", scratch.join("data")], {
    env: { PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter), HOME: scratch.join("home") },
    ready: /Berth is listening on http:\/\/127\.0\.0\.1:(\d+)/,
  });
  onTestFinished(() => npm.stop());
  const client = connect(Number(npm.match[1]), "127.0.0.1");
  client.write("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(client, "data");

  process.kill(npm.pid, "SIGTERM");
  await once(client, "close");
  await expect.poll(() => npm.log(), { timeout: 10_000 }).toContain("msg=stopped");
});
