import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** A folder is no OCI layout, or its `oci-layout` or `index.json` breaks the rules. */
export class InvalidLayoutError extends BerthError<"ERR_INVALID_LAYOUT"> {
  /** The folder of the layout. */
  readonly folder: string;

  constructor(folder: string, reason: string, options?: BerthErrorOptions) {
    super("ERR_INVALID_LAYOUT", `Cannot use OCI layout "${folder}": ${reason}`, options);
    this.folder = folder;
  }
}

/** There is no OCI layout in a folder. */
export class LayoutNotFoundError extends BerthError<"ERR_LAYOUT_NOT_FOUND"> {
  /** As it was given. */
  readonly folder: string;

  constructor(folder: string, options?: BerthErrorOptions) {
    super("ERR_LAYOUT_NOT_FOUND", `Cannot find OCI layout: "${folder}" has no file "oci-layout"`, options);
    this.folder = folder;
  }
}

/** Another process holds a lock for longer than this one was ready to wait. */
export class LayoutBusyError extends BerthError<"ERR_LAYOUT_BUSY"> {
  constructor(what: string, holder: string, waitedMs: number) {
    super("ERR_LAYOUT_BUSY", `Cannot change ${what}: ${holder} has held it for ${Math.round(waitedMs / 1000)} s`, { retryable: true });
  }
}

/** Several images of a layout have that name, so that it does not say which is meant. */
export class AmbiguousNameError extends BerthError<"ERR_AMBIGUOUS_NAME"> {
  /** What was asked for; empty when nothing was, though the layout holds several images. */
  readonly reference: string;
  /** Names and digests, each of which says which one is meant; a few of them. */
  readonly choices: readonly string[];

  constructor(reference: string, choices: readonly string[]) {
    const some = choices.slice(0, 10);
    const list = some.map((choice) => `"${choice}"`).join(", ");
    const asked = reference === "" ? "the image without a name" : `"${reference}"`;
    super("ERR_AMBIGUOUS_NAME", `Cannot resolve ${asked}: it may be any of ${choices.length}, such as ${list}`);
    this.reference = reference;
    this.choices = some;
  }
}
