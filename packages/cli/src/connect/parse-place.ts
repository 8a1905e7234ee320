import { InvalidLocationError, type Location, parseLocation } from "@berth/transfer/location";

/** The scheme of an address that was pasted for a reference. */
const SCHEME = /^https?:\/\//;

/** A reference as it is meant: `https://ghcr.io/acme/app:v1` is `ghcr.io/acme/app:v1`. How a registry is reached, flags and the config file say. */
export function withoutScheme(text: string): string {
  return text.replace(SCHEME, "");
}

/**
 * Reads where an image is, also behind `https://` or `http://`, as people paste it.
 *
 * @throws {InvalidLocationError} also when what follows the scheme is in no registry.
 */
export function parsePlace(text: string): Location {
  const location = parseLocation(withoutScheme(text));
  if (location.transport !== "registry" && SCHEME.test(text))
    throw new InvalidLocationError(text, "what follows the scheme is in no registry");
  return location;
}
