import type { ByteSource, CallOptions, Descriptor } from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { drain } from "../transport/drain.ts";
import { headerValue } from "../transport/transport.ts";
import { type RepositoryContext, scopesOf } from "./context.ts";

export async function temporaryPush(
  context: RepositoryContext,
  expected: Descriptor,
  content: ByteSource,
  options: CallOptions,
): Promise<void> {
  const bytes = await readAllVerified(content, expected, { maxBytes: 1 << 30, ...options });
  options.signal?.throwIfAborted();
  const post = await context.connection.send({
    method: "POST",
    target: `/v2/${context.name}/blobs/uploads/`,
    expect: [202],
    scopes: scopesOf(context, "pull", "push"),
    ...options,
  });
  await drain(post);
  const url = new URL(headerValue(post.headers, "location") ?? "", post.request.url);
  url.searchParams.set("digest", expected.digest);
  await drain(
    await context.connection.send({
      method: "PUT",
      target: url,
      content: bytes,
      headers: { "content-type": "application/octet-stream" },
      expect: [201],
      ...options,
    }),
  );
}

export async function temporaryMount(
  context: RepositoryContext,
  target: Descriptor,
  from: string | undefined,
  options: CallOptions,
): Promise<boolean> {
  const query = `mount=${target.digest}${from === undefined ? "" : `&from=${from}`}`;
  const post = await context.connection.send({
    method: "POST",
    target: `/v2/${context.name}/blobs/uploads/?${query}`,
    expect: [201, 202],
    ...options,
  });
  await drain(post);
  return post.status === 201;
}
