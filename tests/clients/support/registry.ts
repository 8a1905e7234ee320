import { type RunningRegistry, type TestUser, startDistribution } from "@berth/testkit/parts";

/** How the registry of a test group is set up. */
export interface RegistryOptions {
  /** The only user who gets in; default everybody does. */
  readonly user?: TestUser;
}

/** The one place that says which server the clients talk to. Deletes are enabled. */
export function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  return startDistribution(options);
}
