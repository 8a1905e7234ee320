import { BerthError } from "@berth/oci";

/** The address cannot be listened on; the message says why in one line. */
export class ListenError extends BerthError<"ERR_LISTEN"> {
  constructor(reason: string, options?: { readonly cause?: unknown }) {
    super("ERR_LISTEN", `Cannot listen: ${reason}`, options);
  }
}
