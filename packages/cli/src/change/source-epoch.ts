import type { Session } from "../session/session.ts";

/** The time that `SOURCE_DATE_EPOCH` sets, in seconds since 1970. @throws {InvalidPackInputError} @see reproducible-builds.org */
export async function sourceEpoch({ io: { env } }: Session): Promise<number | undefined> {
  const text = env["SOURCE_DATE_EPOCH"];
  if (text === undefined || text === "") return undefined;
  const { parseEpoch } = await import("@berth/transfer");
  return parseEpoch(text);
}
