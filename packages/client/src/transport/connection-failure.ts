/** A connection could not be made. */
export class ConnectionFailure extends Error {
  /** As Node has them (`ECONNRESET`), or our own: `ERR_PROXY`, `ERR_TLS_TIMEOUT`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectionFailure";
    this.code = code;
  }
}

/**
 * What undici is told when there is no connection. Its own socket errors must not go back to it: it would take them for the end of a
 * connection that stood, and connect again for ever.
 */
export function connectionFailure(error: unknown): Error {
  if (!(error instanceof Error)) return new ConnectionFailure("ERR_CONNECTION", String(error));
  if ("code" in error && error.code === "UND_ERR_SOCKET") return new ConnectionFailure("ECONNRESET", error.message, { cause: error });
  return error;
}
