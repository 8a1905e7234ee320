import { expect, test } from "vitest";
import { pushImage, serveHandler } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const registry = useRegistry();

test.each([0, 2])(
  "a download that nothing comes of is taken up again %i times, and is no wrong content but a matter of the network",
  async (retries) => {
    const { config } = await pushImage(registry.repository, { tags: ["v1"] });
    let asked = 0;
    const stalling = await serveHandler((request, response) => {
      if (request.method !== "GET" || request.url?.includes(config.digest) !== true) return registry.embedded.handler(request, response);
      asked++;
      response.writeHead(200, { "content-length": config.size }).flushHeaders();
    });
    try {
      const place = `${registry.app.replace(registry.server.host, stalling.host)}@${config.digest}`;
      const flags = ["--stall-timeout", "100ms", "--retry-delay", "1ms", "--retries", String(retries)];
      const { code, stderr } = await berth(["blob", "get", ...flags, "-o", registry.path, place]);
      expect([code, asked]).toEqual([7, 1 + retries]);
      expect(stderr).toContain("no byte moved in time");
    } finally {
      await stalling.close();
    }
  },
);
