import { hash } from "@node-rs/bcrypt";

/** What a password may not be: bcrypt looks at 72 bytes and ignores the rest. */
const MAX_PASSWORD_BYTES = 72;

/**
 * Makes the line of a password file for a user.
 *
 * @param cost bcrypt's cost factor, 4 to 31: each step doubles the work of a login; default 10, about 50 ms.
 * @throws {RangeError} when the user name cannot stand in the file, or bcrypt would not look at the whole password.
 */
export async function formatHtpasswdEntry(user: string, password: string, cost: number = 10): Promise<string> {
  if (!/^[^\s:#][^:\r\n]*$/.test(user) || user !== user.trim())
    throw new RangeError(`Cannot use user name "${user}": expected no colon, no line break, no space around it and no leading #`);
  if (password === "") throw new RangeError("Cannot use the password: it is empty");
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    throw new RangeError(`Cannot use the password: bcrypt takes at most ${MAX_PASSWORD_BYTES} bytes`);
  return `${user}:${await hash(password, { cost, version: "2y" })}`;
}
