import { indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { copy } from "./copy.ts";
import { imageOf, startFake } from "./copy.test-kit.ts";

test.each([403, 405])(
  "[client/C-31] a destination that refuses to be asked for manifests (%i) is sent what it may lack",
  async (status) => {
    const [from, to] = [await startFake(), await startFake()];
    const child = imageOf(1);
    from.put("a", { manifest: indexManifest([child.manifest.descriptor]), blobs: [], children: [child] }, "v1");
    to.options = {
      answer({ method, url = "" }, response) {
        if (method === "PUT" || method === "POST" || !url.includes("/manifests/")) return false;
        response.writeHead(status).end();
        return true;
      },
    };
    const result = await copy(from.repository("a"), "v1", to.repository("b"));
    expect([result.tags[0]?.outcome, to.tags.get("b v1")]).toEqual(["tagged", result.descriptor.digest]);
    // whether a tag would be moved cannot be known then
    const careful = copy(from.repository("a"), "v1", to.repository("b"), "v1", { existingTags: "refuse" });
    await expect(careful).rejects.toMatchObject({ code: "ERR_COPY", step: "resolve", origin: "destination", cause: { status } });
  },
);
