import type { Annotations, Descriptor, ReplayableSource } from "@berth/oci";
import { createDigester, fileSource } from "@berth/oci/node";
import { abortable } from "../archive/abortable.ts";

/** A file that was read once, and what its descriptor says beside the media type. */
export interface DescribedFile extends Pick<Descriptor, "digest" | "size"> {
  readonly source: ReplayableSource;
  readonly annotations: Annotations;
}

/** Reads a file for its digest. @throws what the file system says. */
export async function describeFile(path: string, signal: AbortSignal | undefined): Promise<DescribedFile> {
  const source = await fileSource(path);
  const digester = createDigester();
  for await (const chunk of abortable(source.openPassing?.() ?? source.open(), signal)) digester.update(chunk);
  return { digest: digester.digest(), size: digester.size, source, annotations: {} };
}
