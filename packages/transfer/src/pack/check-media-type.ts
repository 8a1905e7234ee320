import { InvalidPackError } from "./errors.ts";

/** @see RFC 6838, section 4.2; OCI image-spec, schema/defs-descriptor.json */
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** Checks the type of a part that is to be made. @throws {InvalidPackError} */
export function checkMediaType(part: string, mediaType: string): void {
  if (!MEDIA_TYPE.test(mediaType)) throw new InvalidPackError(part, `"${mediaType.slice(0, 300)}" is no media type`);
}
