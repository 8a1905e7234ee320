import { inspect } from "node:util";
import { REDACTED } from "../transport/redact.ts";
import type { Transport } from "../transport/transport.ts";
import type { RegistryLog } from "./registry-log.ts";

/** How a {@link RegistryClient} is made. The counterpart of docker-registry-client's `Options`. */
export interface RegistryClientOptions {
  readonly username?: string;
  readonly password?: string;
  /** Takes any certificate, for this client alone; default false. */
  readonly insecure?: boolean;
  /** Default `logToStderr`. Never part of the JSON form. */
  readonly log?: RegistryLog;
  /** Pings the registry before the client is handed out, and fails when that does; default false. Some registries let only users ping. */
  readonly pingFirst?: boolean;
  /** Sends user name and password to token servers only, never to the registry itself; default false. */
  readonly disableBasicAuth?: boolean;
  /** Sends requests in place of our own; `insecure` is then up to it. */
  readonly transport?: Transport;
}

/** Options that can be printed, without the password, and turned into JSON, with it. */
export interface StorableOptions extends RegistryClientOptions {
  /** `username`, `password`, `insecure`, `do_initial_ping`, `disable_basicauth`, those that are empty or false left out. */
  toJSON(): Readonly<Record<string, string | boolean>>;
}

/** Makes options safe to print, and storable: `JSON.stringify` gives the form that docker-registry-client reads. */
export function registryClientOptions(options: RegistryClientOptions): StorableOptions {
  const shown = { ...options, ...(options.password && { password: REDACTED }) };
  const hidden = (value: unknown): PropertyDescriptor => ({ value, enumerable: false });
  const storable: StorableOptions = { ...options, toJSON: () => jsonOf(options) };
  Object.defineProperties(storable, { toJSON: hidden(storable.toJSON), [inspect.custom]: hidden(() => shown) });
  return storable;
}

function jsonOf(options: RegistryClientOptions): Readonly<Record<string, string | boolean>> {
  const { username, password, insecure, pingFirst, disableBasicAuth } = options;
  return {
    ...(username && { username }),
    ...(password && { password }),
    ...(insecure && { insecure }),
    ...(pingFirst && { do_initial_ping: pingFirst }),
    ...(disableBasicAuth && { disable_basicauth: disableBasicAuth }),
  };
}

/**
 * Reads the JSON form, as text or parsed. Members that it does not name are ignored.
 *
 * @throws {TypeError} when a member is of the wrong type. @throws {SyntaxError} when the text is no JSON.
 */
export function parseRegistryClientOptions(json: unknown): StorableOptions {
  const value: unknown = typeof json === "string" ? JSON.parse(json) : json;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("Cannot read options: expected an object");
  const members = new Map<string, unknown>(Object.entries(value));
  const username = text(members, "username");
  const password = text(members, "password");
  const insecure = flag(members, "insecure");
  const pingFirst = flag(members, "do_initial_ping");
  const disableBasicAuth = flag(members, "disable_basicauth");
  return registryClientOptions({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(insecure !== undefined && { insecure }),
    ...(pingFirst !== undefined && { pingFirst }),
    ...(disableBasicAuth !== undefined && { disableBasicAuth }),
  });
}

function text(members: ReadonlyMap<string, unknown>, name: string): string | undefined {
  const value = members.get(name);
  if (value === undefined || typeof value === "string") return value;
  throw new TypeError(`Cannot read options: "${name}" is no text`);
}

function flag(members: ReadonlyMap<string, unknown>, name: string): boolean | undefined {
  const value = members.get(name);
  if (value === undefined || typeof value === "boolean") return value;
  throw new TypeError(`Cannot read options: "${name}" is neither true nor false`);
}
