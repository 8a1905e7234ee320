import type { Descriptor } from "@berth/oci";
import type { Location } from "@berth/transfer/location";
import { describeLocation } from "../connect/describe-location.ts";
import type { Session } from "../session/session.ts";

/** Warns of an image of Docker's in a layout: it is copied as it is, and skopeo and umoci read only those of OCI there. */
export function warnOfDockerForm({ warnings }: Session, target: Location, { mediaType }: Pick<Descriptor, "mediaType">): void {
  if ((target.transport !== "oci" && target.transport !== "oci-archive") || !mediaType.startsWith("application/vnd.docker.")) return;
  const place = describeLocation(target);
  warnings.add(
    `${place} has the form of Docker's images, which other tools may not read there: berth convert --to oci gives it that of OCI`,
  );
}
