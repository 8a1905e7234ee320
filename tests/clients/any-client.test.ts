import { createHash, randomBytes } from "node:crypto";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

// Flows that no client of the other files makes by itself, but that others in use do.
describeWithParts("any client", SETTING_PARTS, () => {
  const setting = useSetting();
  const start = async (repository: string): Promise<URL> => {
    const { probe, registry } = setting();
    const answer = await probe.fetch(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
    expect(answer.status).toBe(202);
    return new URL(answer.headers.get("location") ?? "", registry.url);
  };
  const next = (answer: Response): URL => new URL(answer.headers.get("location") ?? "", setting().registry.url);

  test("an upload survives a query in its Location, tells its offset, and ends with the last chunk in the PUT", async () => {
    const { probe } = setting();
    const bytes = randomBytes(100_000);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const first = await start("chunks");
    first.searchParams.append("unknown", "kept");
    const patched = await probe.fetch(first.href, {
      method: "PATCH",
      body: bytes.subarray(0, 60_000),
      headers: { "content-range": "0-59999", "content-type": "application/octet-stream" },
    });
    expect([patched.status, patched.headers.get("range")]).toEqual([202, "0-59999"]);
    const status = await probe.fetch(next(patched).href);
    expect([status.status, status.headers.get("range")]).toEqual([204, "0-59999"]);
    const last = next(status.headers.has("location") ? status : patched);
    last.searchParams.set("digest", digest);
    const put = await probe.fetch(last.href, {
      method: "PUT",
      body: bytes.subarray(60_000),
      headers: { "content-type": "application/octet-stream" },
    });
    expect([put.status, put.headers.get("docker-content-digest")]).toEqual([201, digest]);
    expect(await probe.blobDigest("chunks", digest)).toBe(digest);
  });

  test("a chunk out of order gets 416 with the range that is there, and the upload goes on", async () => {
    const { probe } = setting();
    const body = Buffer.from("0123456789");
    const first = await probe.fetch((await start("order")).href, { method: "PATCH", body, headers: { "content-range": "0-9" } });
    const wrong = await probe.fetch(next(first).href, { method: "PATCH", body, headers: { "content-range": "20-29" } });
    expect([wrong.status, wrong.headers.get("range")]).toEqual([416, "0-9"]);
    const right = await probe.fetch(next(first).href, { method: "PATCH", body, headers: { "content-range": "10-19" } });
    expect([right.status, right.headers.get("range")]).toEqual([202, "0-19"]);
  });

  test("DELETE of an upload gets 204, and the upload is gone", async () => {
    const { probe } = setting();
    const location = await start("cancelled");
    expect((await probe.fetch(location.href, { method: "DELETE" })).status).toBe(204);
    expect((await probe.fetch(location.href)).status).toBe(404);
  });

  test("updaters poll tags through Link pages and digests by HEAD, and a known ETag costs a 304", async () => {
    const { probe, tiny } = setting();
    const wanted = ["v1", "v2", "v3", "v4", "v5"];
    for (const tag of wanted) await probe.seed(tiny, "polled", tag);
    const seen: string[] = [];
    let path: string | undefined = "/v2/polled/tags/list?n=2";
    while (path !== undefined) {
      const page: Response = await probe.fetch(path);
      const body: { readonly tags: readonly string[] } = JSON.parse(await page.text());
      seen.push(...body.tags);
      path = /^<([^>]+)>; ?rel="next"$/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(wanted);
    const accept = tiny.manifest.mediaType;
    const head = await probe.fetch("/v2/polled/manifests/v3", { method: "HEAD", headers: { accept } });
    expect(head.headers.get("docker-content-digest")).toBe(tiny.manifest.digest);
    const again = await probe.fetch("/v2/polled/manifests/v3", { headers: { accept, "if-none-match": head.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
  });

  test("blobs and manifests are never content-encoded, whatever is accepted", async () => {
    const { probe, tiny } = setting();
    await probe.seed(tiny, "plain", "1");
    for (const path of [`manifests/${tiny.manifest.digest}`, `blobs/${tiny.blobs[0]?.digest}`, `blobs/${tiny.blobs[1]?.digest}`]) {
      const answer = await probe.fetch(`/v2/plain/${path}`, {
        headers: { accept: `${tiny.manifest.mediaType}, */*`, "accept-encoding": "zstd, gzip, deflate" },
      });
      await answer.arrayBuffer();
      expect([answer.status, answer.headers.get("content-encoding")]).toEqual([200, null]);
    }
  });
});
