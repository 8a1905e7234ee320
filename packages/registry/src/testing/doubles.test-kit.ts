/** The target with some members replaced; the rest works as it did. */
export function replacing<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(whole, key) {
      const value: unknown = key in changes ? Reflect.get(changes, key) : Reflect.get(whole, key);
      return typeof value === "function" && !(key in changes) ? value.bind(whole) : value;
    },
  });
}

/** An object each of whose methods throws, except for those named. */
export function untouchable<T extends object>(target: T, what: string, allowed: readonly (keyof T & string)[]): T {
  return new Proxy(target, {
    get(whole, key) {
      const value: unknown = Reflect.get(whole, key);
      if (typeof value !== "function" || allowed.some((name) => name === key))
        return typeof value === "function" ? value.bind(whole) : value;
      return () => {
        throw new Error(`${what}.${String(key)} was touched`);
      };
    },
  });
}
