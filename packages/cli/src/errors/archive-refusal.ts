import { UnsupportedError } from "@berth/oci";
import { AdvisedError } from "./advised-error.ts";

/** Says why an archive cannot be changed, and how to come by a changed one. @param what fits behind "Cannot": `change "oci-archive:app.tar"`. */
export function archiveRefusal(what: string): AdvisedError {
  return new AdvisedError(
    new UnsupportedError(what, { answer: "archives are written whole" }),
    "work on an OCI layout, oci:FOLDER, instead: berth cp brings images of an archive there, and writes an archive of them",
  );
}
