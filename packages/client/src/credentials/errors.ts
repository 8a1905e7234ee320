import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** Where in a file something is wrong. */
export interface CredentialFilePlace {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** A file (or text) of credentials cannot be read, written or understood. Its content is never part of the message. */
export class CredentialFileError extends BerthError<"ERR_CREDENTIAL_FILE"> {
  /** The file's path, or what the text came from: `$DOCKER_AUTH_CONFIG`. */
  readonly file: string;
  /** True when the content breaks the format; false when the file system refused. */
  readonly malformed: boolean;
  readonly place: CredentialFilePlace | undefined;

  constructor(
    fields: {
      readonly file: string;
      readonly reason: string;
      readonly action?: "read" | "write";
      readonly malformed?: boolean;
      readonly place?: CredentialFilePlace;
    },
    options?: BerthErrorOptions,
  ) {
    const { file, reason, action = "read", malformed = false, place } = fields;
    const at = place === undefined ? "" : ` at line ${place.line}, column ${place.column}`;
    super("ERR_CREDENTIAL_FILE", `Cannot ${action} credentials of "${file}"${at}: ${reason}`, options);
    this.file = file;
    this.malformed = malformed;
    this.place = place;
  }
}

/** What a credential helper was asked to do. */
export type CredentialHelperAction = "get" | "store" | "erase" | "list";

/** A credential helper is missing, failed, hung or answered nonsense. */
export class CredentialHelperError extends BerthError<"ERR_CREDENTIAL_HELPER"> {
  /** The program: `docker-credential-pass`. */
  readonly helper: string;
  readonly action: CredentialHelperAction;

  constructor(
    fields: { readonly helper: string; readonly action: CredentialHelperAction; readonly reason: string },
    options?: BerthErrorOptions,
  ) {
    super("ERR_CREDENTIAL_HELPER", `Cannot run credential helper "${fields.helper} ${fields.action}": ${fields.reason}`, options);
    this.helper = fields.helper;
    this.action = fields.action;
  }
}

/** A credential cannot be kept in the form that the store has for it. */
export class InvalidCredentialError extends BerthError<"ERR_INVALID_CREDENTIAL"> {
  constructor(reason: string, options?: BerthErrorOptions) {
    super("ERR_INVALID_CREDENTIAL", `Cannot store credential: ${reason}`, options);
  }
}

/** The credential would be written in clear text, which the store was not allowed. */
export class PlaintextPutError extends BerthError<"ERR_PLAINTEXT_PUT"> {
  /** Path of the config file, which is as it was. */
  readonly file: string;

  constructor(file: string) {
    super(
      "ERR_PLAINTEXT_PUT",
      `Cannot store credential in "${file}" as plain text: set up a credential helper, or allow plain text (allowPlaintextPut)`,
    );
    this.file = file;
  }
}
