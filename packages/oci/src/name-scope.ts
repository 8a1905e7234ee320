/** The set of repository names that a registry answers for. */
export interface NameScope {
  /** True when the name belongs to it. */
  contains(name: string): boolean;
}

/** Every name. */
export const GLOBAL_SCOPE: NameScope = Object.freeze({ contains: () => true });

/** The names at and below a path: `team` contains `team` and `team/app`, not `teams`. */
export function prefixScope(prefix: string): NameScope {
  return Object.freeze({ contains: (name: string) => name === prefix || name.startsWith(`${prefix}/`) });
}
