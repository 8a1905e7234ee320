import { BerthError } from "@berth/oci";

/** A file that the user wrote cannot be used. Every mistake in it has a line of its own in the message. */
export class UserFileError extends BerthError<"ERR_SYNC_FILE" | "ERR_USER_CONFIG"> {}
