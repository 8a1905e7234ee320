import { BerthError } from "@berth/oci";

/** The keys that tokens are checked with cannot be used. Its message names the setting, the file and what is wrong with it. */
export class TokenKeyError extends BerthError<"ERR_TOKEN_KEYS"> {
  constructor(reason: string, options?: { readonly cause?: unknown }) {
    super("ERR_TOKEN_KEYS", `Cannot use token keys: ${reason}`, options);
  }
}
