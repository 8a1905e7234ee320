import { randomBytes } from "node:crypto";
import { access, link, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "@berth/oci/node";
import { hash } from "@node-rs/bcrypt";
import type { Logger } from "../../observability/log.ts";
import { HtpasswdError } from "./errors.ts";

const USER = "docker";

/**
 * Makes a missing password file (V3): mode 0600 in a folder of mode 0700, with the user `docker` and a random
 * password that the log says once. Of several processes that start together one makes it and the others use it.
 */
export async function provisionHtpasswd(path: string, logger: Logger): Promise<void> {
  try {
    await access(path);
    return;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw new HtpasswdError(path, "no access", { cause: error });
  }
  const password = randomBytes(32).toString("base64url");
  const entry = `${USER}:${await hash(password, { cost: 10, version: "2y" })}\n`;
  try {
    if (await place(path, entry))
      logger.warn(`htpasswd is missing, provisioning with default user "${USER}" and password "${password}"`, { path });
  } catch (error) {
    throw new HtpasswdError(path, "it is missing and cannot be made", { cause: error });
  }
}

/** Writes aside and links into place: the file is there whole or not at all. False when another process was first. */
async function place(path: string, text: string): Promise<boolean> {
  await makeFolder(dirname(path), 0o700);
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(aside, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await link(aside, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await file.close();
    await unlink(aside);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
