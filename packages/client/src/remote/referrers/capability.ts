import { ReferrersCapabilityError } from "./errors.ts";
import type { ReferrersCapability } from "./referrers.ts";

/** What one repository object knows about the referrers API, and how sure it is. */
export class CapabilityState {
  #value: ReferrersCapability = "unknown";
  #certain = false;

  get value(): ReferrersCapability {
    return this.#value;
  }

  /** True when somebody said so, or when a manifest that was pushed was seen in the registry's list. */
  get isCertain(): boolean {
    return this.#certain;
  }

  /** Takes an answer of the registry for what it seems to be. Only the first one counts. */
  observe(supported: boolean): void {
    if (this.#value === "unknown") this.#value = nameOf(supported);
  }

  /** Takes what was proved, unless somebody had said otherwise in the meantime. */
  prove(supported: boolean): void {
    if (this.#certain) return;
    this.#value = nameOf(supported);
    this.#certain = true;
  }

  /** Takes somebody's word. @throws {ReferrersCapabilityError} when the opposite is known. */
  force(supported: boolean): void {
    const wanted = nameOf(supported);
    if (this.#value !== "unknown" && this.#value !== wanted) throw new ReferrersCapabilityError({ current: this.#value, wanted });
    this.#value = wanted;
    this.#certain = true;
  }
}

function nameOf(supported: boolean): ReferrersCapability {
  return supported ? "supported" : "unsupported";
}
