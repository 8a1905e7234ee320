import { isRepositoryName } from "@berth/oci";
import { type Access, AuthUnavailableError, ChallengeError, type Grant } from "../auth/authorizer.ts";
import { RegistryError } from "../domain/errors.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Asks the authorizer for what the request wants; nothing of storage or metadata is touched before.
 *
 * @throws {ChallengeError} @throws {RegistryError} when the caller may not.
 * @throws {AuthUnavailableError} when the authorizer cannot tell.
 */
export function authorize(exchange: Exchange): Grant | Promise<Grant> {
  const accesses = accessesOf(exchange);
  try {
    const granted = exchange.context.authorizer.authorize(exchange, accesses);
    return granted instanceof Promise ? granted.catch((error: unknown) => refuse(exchange, accesses, error)) : granted;
  } catch (error) {
    return refuse(exchange, accesses, error);
  }
}

/** Who may push here but not pull the source of a mount gets a session: a mount that cannot be done is no error. */
async function refuse(exchange: Exchange, accesses: readonly Access[], error: unknown): Promise<Grant> {
  if (error instanceof RegistryError || error instanceof AuthUnavailableError) throw error;
  if (!(error instanceof ChallengeError)) throw new AuthUnavailableError("the authorizer failed", { cause: error });
  const here = accesses.filter(({ name }) => name === exchange.name);
  if (here.length === accesses.length || here.length === 0) throw error;
  try {
    return await exchange.context.authorizer.authorize(exchange, here);
  } catch {
    throw error; // the challenge that names the source too
  }
}

function accessesOf(exchange: Exchange): readonly Access[] {
  const { action } = exchange.route;
  const on = (name: string, wanted: string): Access => ({ type: "repository", class: "", name, action: wanted });
  switch (action) {
    case "open":
    case "base":
      return [];
    case "catalog":
      return [{ type: "registry", class: "", name: "catalog", action: "*" }];
    case "pull":
      return [on(exchange.name, "pull")];
    case "delete":
      return [on(exchange.name, "delete")];
    case "push": {
      const accesses = [on(exchange.name, "pull"), on(exchange.name, "push")];
      const from = exchange.route.group === "blob_upload" ? exchange.query.get("from") : null;
      return from !== null && isRepositoryName(from) ? [...accesses, on(from, "pull")] : accesses;
    }
  }
}
