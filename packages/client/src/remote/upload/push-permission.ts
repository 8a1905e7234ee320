import { type CallOptions, parseRepositoryName } from "@berth/oci";
import type { Connection } from "../connection.ts";
import { UploadSession, uploadRoute } from "./session.ts";

/**
 * Finds out whether we may push to a repository, by starting an upload. It is thrown away again in the background: whether that works
 * says nothing about the answer.
 *
 * @throws {ResponseError} @throws {AuthError} when we may not. @throws {NetworkError} @throws {ProtocolError}
 */
export async function checkPushPermission(connection: Connection, repository: string, options: CallOptions = {}): Promise<void> {
  const session = await UploadSession.start(uploadRoute(connection, parseRepositoryName(repository)), options);
  void session?.abandon(); // never fails
}
