import type { CallOptions, Descriptor } from "@berth/oci";
import { ResponseError } from "../errors.ts";
import { drain } from "../transport/drain.ts";
import { parseRateLimit } from "../transport/rate-limit.ts";
import type { ResponseHeaders, TransportResponse } from "../transport/transport.ts";
import type { RepositoryContext } from "./context.ts";
import { describeByHeaders, type ManifestStat } from "./manifest-descriptor.ts";
import { ask, readManifest } from "./manifest-read.ts";

/** Refusals of HEAD that say nothing of GET. Others, such as that there is no such manifest, are believed. */
const HEAD_REFUSALS: ReadonlySet<number> = new Set([400, 403, 405, 406, 501]);

/** Looks a manifest up without reading it, unless the registry leaves no other way. `reference` is a checked tag or digest. */
export async function statManifest(context: RepositoryContext, reference: string, options: CallOptions = {}): Promise<ManifestStat> {
  const head = await headManifest(context, reference, options);
  if (head !== undefined) {
    const descriptor = describeByHeaders(head, reference);
    if (descriptor !== undefined) return stat(descriptor, "header", head.headers);
  }
  const fetched = await readManifest(context, reference, options);
  return stat(fetched.descriptor, "computed", fetched.headers);
}

/** The answer to HEAD; undefined where the registry does not answer it. A GET then says more: why, at least. */
async function headManifest(context: RepositoryContext, reference: string, options: CallOptions): Promise<TransportResponse | undefined> {
  try {
    const response = await ask(context, "HEAD", reference, context.settings.manifestMediaTypes, "resolve manifest", options);
    await drain(response);
    return response;
  } catch (error) {
    if (error instanceof ResponseError && HEAD_REFUSALS.has(error.status)) return undefined;
    throw error;
  }
}

function stat(descriptor: Descriptor, source: ManifestStat["source"], headers: ResponseHeaders): ManifestStat {
  const rateLimit = parseRateLimit(headers);
  return { descriptor, source, headers, ...(rateLimit && { rateLimit }) };
}
