import { run } from "./command.ts";
import { requirePart } from "./part.ts";

/** A user of a test registry. */
export interface TestUser {
  readonly username: string;
  readonly password: string;
}

/** One line of an htpasswd file, made by the real `htpasswd` (bcrypt). @throws {MissingPartError} without the part. */
export async function htpasswdLine(user: TestUser): Promise<string> {
  const { stdout } = await run(requirePart("htpasswd").command("htpasswd"), ["-niB", user.username], {
    input: user.password,
    secrets: [user.password],
  });
  return `${stdout.trim()}\n`;
}
