/** What the rules need besides the database. */
export interface StoreContext {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Milliseconds that content which may be garbage is left alone, so that the push it belongs to can end. */
  readonly graceMs: number;
}
