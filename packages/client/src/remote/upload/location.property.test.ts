import { parseDigest } from "@berth/oci";
import fc from "fast-check";
import { expect, test } from "vitest";
import { uploadLocation, withDigest } from "./location.ts";

const DIGEST = parseDigest(`sha512:${"0".repeat(128)}`);
/** What RFC 3986 allows in a query, apart from the apostrophe, which the URL standard writes as %27. */
const query = fc
  .array(
    fc.oneof(
      fc.constantFrom(...Array.from("abcXYZ019-._~!$&()*+,;=:@/?")),
      fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, "0")}`),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));
const segment = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const form = fc.constantFrom("absolute", "path", "relative", "network");

test("[client/A-21,B-26] whatever form a Location has, its query arrives byte by byte, with the digest behind it once", () => {
  fc.assert(
    fc.property(query, segment, form, fc.boolean(), (search, id, kind, isRepeated) => {
      const path = `/v2/a/b/blobs/uploads/${id}`;
      const target = { absolute: `https://r.test${path}`, path, relative: id, network: `//r.test${path}` }[kind];
      const previous = new URL("https://r.test/v2/a/b/blobs/uploads/");
      const location = uploadLocation({ headers: { location: `${target}?${search}` } }, previous, "r.test");
      expect(location.origin + location.pathname).toBe(`https://r.test${path}`);
      expect(location.search.slice(1)).toBe(search);
      const once = withDigest(location, DIGEST);
      const parts = (isRepeated ? withDigest(once, DIGEST) : once).search.slice(1).split("&");
      const kept = search === "" ? [] : search.split("&").filter((part) => !part.startsWith("digest="));
      expect(parts).toEqual([...kept, `digest=${encodeURIComponent(DIGEST)}`]);
      expect(location.search.slice(1)).toBe(search); // not changed by that
    }),
    { numRuns: 300 },
  );
});
