import type { ReferrersCapability } from "./referrers.ts";

/** What was found out about the referrers API, and how sure that is. */
export class CapabilityState {
  #value: ReferrersCapability = "unknown";
  #certain = false;

  get value(): ReferrersCapability {
    return this.#value;
  }

  /** True when a manifest that was pushed was looked for in the registry's list. */
  get isCertain(): boolean {
    return this.#certain;
  }

  /** Takes an answer of the registry for what it seems to be. Only the first one counts. */
  observe(supported: boolean): void {
    if (this.#value === "unknown") this.#value = nameOf(supported);
  }

  /** Takes what was proved; the first proof counts. */
  prove(supported: boolean): void {
    if (this.#certain) return;
    this.#value = nameOf(supported);
    this.#certain = true;
  }
}

/** The name of having the API, or not. */
export function nameOf(supported: boolean): ReferrersCapability {
  return supported ? "supported" : "unsupported";
}
