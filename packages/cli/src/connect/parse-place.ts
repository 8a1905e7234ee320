import { InvalidLocationError, type Location, parseLocation } from "@berth/transfer/location";
import { AdvisedError } from "../errors/advised-error.ts";
import { isPath, pathAdvice } from "./path-advice.ts";

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
 * @throws {AdvisedError} for one with a user name or password in it, which are said elsewhere, and for a path, which needs a transport.
 */
export function parsePlace(text: string): Location {
  const location = readLocation(withoutScheme(text));
  if (location.transport !== "registry" && SCHEME.test(text))
    throw new InvalidLocationError(text, "what follows the scheme is in no registry");
  return location;
}

function readLocation(text: string): Location {
  try {
    const location = parseLocation(text);
    // images/app.tar could be an image of Docker Hub, but nobody means that
    if (location.transport === "registry" && isPath(text)) throw new InvalidLocationError(text, "a path needs a transport in front");
    return location;
  } catch (error) {
    if (!(error instanceof InvalidLocationError)) throw error;
    if (error.input === text) {
      const advice = pathAdvice(text);
      throw advice === undefined ? error : new AdvisedError(error, advice);
    }
    if (text.endsWith("@")) throw new InvalidLocationError(text.slice(0, -1), 'behind "@" a digest is missing');
    const [host = ""] = withoutScheme(error.input.replace(/^(?:oci|docker):\/\//, "")).split("/", 1);
    throw new AdvisedError(
      new InvalidLocationError(error.input, "a reference holds no user name and no password"),
      `sign in: berth login ${host}`,
    );
  }
}
