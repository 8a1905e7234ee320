import type { Descriptor } from "@berth/oci";
import { drain } from "../../transport/drain.ts";
import type { UploadRoute } from "./session.ts";

/** Whether the registry has a blob. */
export async function hasBlob(
  route: UploadRoute,
  { digest }: Pick<Descriptor, "digest">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const response = await route.connection.send({
    method: "HEAD",
    target: `/v2/${route.repository}/blobs/${digest}`,
    operation: "look for blob",
    scopes: route.scopes,
    expect: [200, 404],
    ...(signal && { signal }),
  });
  await drain(response);
  return response.status === 200;
}
