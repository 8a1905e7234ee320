import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createRegistry } from "@berth/registry";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { TestAuthority } from "@berth/testkit/tls";
import { expect, onTestFinished, test } from "vitest";
import { pushImage } from "../testing/registry.ts";

const BIN = fileURLToPath(new URL("../../bin/berth.cjs", import.meta.url));

test("the authorities of the system are trusted, as SSL_CERT_FILE names them", async () => {
  const folder = await temporaryFolder("authorities");
  const authority = new TestAuthority();
  const registry = await createRegistry();
  const { manifest } = await pushImage(registry.repository("app"), { tags: ["v1"] });
  const server = createServer(authority.issue(), registry.handler).listen(0, "127.0.0.1");
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await registry.close();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const file = join(folder, "authorities.pem");
  await writeFile(file, authority.cert);
  // in a process of its own: Node looks them up once
  const digest = async (env: Readonly<Record<string, string>>): Promise<string> => {
    const args = [BIN, "digest", `localhost:${port}/app:v1`];
    return (await promisify(execFile)(process.execPath, args, { env: { HOME: folder, PATH: folder, ...env } })).stdout;
  };
  expect(await digest({ SSL_CERT_FILE: file })).toBe(`${manifest.digest}\n`);
  await expect(digest({})).rejects.toMatchObject({ code: 7, stderr: expect.stringContaining("is not signed by an authority") });
});
