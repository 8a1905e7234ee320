import {
  MEDIA_TYPES,
  formatContentRange,
  formatEntityTag,
  formatUnsatisfiedRange,
  matchesIfNoneMatch,
  parseDigest,
  selectRange,
} from "@berth/oci";
import { HttpError } from "../errors.ts";
import type { Exchange, HeaderList } from "../exchange.ts";

/** `GET` and `HEAD` of a blob. */
export async function fetchBlob(exchange: Exchange): Promise<void> {
  const { request, response, repository, context } = exchange;
  const digest = parseDigest(exchange.parameter);
  const blob = await repository.blobs.get(digest);
  const etag = formatEntityTag(digest);
  const identity: HeaderList = ["Docker-Content-Digest", digest, "Etag", etag, "Cache-Control", "max-age=31536000"];
  if (request.headers["if-none-match"] !== undefined && matchesIfNoneMatch(request.headers["if-none-match"], digest)) {
    exchange.send(304, identity);
    return;
  }
  const isHead = request.method === "HEAD";
  if (context.options.redirects) {
    const url = await repository.blobs.redirectUrl(blob, isHead ? "HEAD" : "GET");
    if (url !== undefined) {
      exchange.send(307, ["Location", url, "Content-Length", 0, "Docker-Content-Digest", digest]);
      return;
    }
  }
  const selection = selectRange(
    { range: request.headers.range, ifRange: request.headers["if-range"] as string | undefined, etag },
    blob.size,
  );
  if (selection.kind === "unsatisfiable") {
    throw new HttpError("RANGE_INVALID", "Cannot serve range: it lies outside of the blob", {
      headers: ["Content-Range", formatUnsatisfiedRange(blob.size)],
    });
  }
  const range = selection.kind === "partial" ? selection.range : { start: 0, end: blob.size - 1 };
  const headers: HeaderList = [
    "Content-Type",
    MEDIA_TYPES.octetStream,
    "Content-Length",
    range.end - range.start + 1,
    "Accept-Ranges",
    "bytes",
    ...identity,
  ];
  if (selection.kind === "partial") headers.push("Content-Range", formatContentRange({ ...range, size: blob.size }));
  const status = selection.kind === "partial" ? 206 : 200;
  if (isHead) {
    exchange.send(status, headers);
    return;
  }
  const opened = await repository.blobs.open(blob); // before the head goes out, so that missing bytes are an error answer
  if (opened.bytes !== undefined) {
    exchange.send(status, headers, opened.bytes.subarray(range.start, range.end + 1));
    return;
  }
  response.setTimeout(context.options.bodyTimeoutMs, () => response.destroy());
  try {
    exchange.start(status, headers, range.end - range.start + 1);
    await context.sender.send(response, opened, range);
  } finally {
    await opened.file?.close();
  }
}

/** `DELETE` of a blob: the repository lets go of it. */
export async function deleteBlob(exchange: Exchange): Promise<void> {
  await exchange.repository.blobs.delete({ digest: parseDigest(exchange.parameter) });
  exchange.send(202, ["Content-Length", 0]);
}
