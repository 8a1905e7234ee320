import type { Descriptor } from "./descriptor.ts";

/** Something that a descriptor can be had of: a descriptor itself, or what carries one. */
export type Describable = Descriptor | { readonly descriptor: Descriptor };

/** The descriptor of something describable; a descriptor describes itself. */
export function toDescriptor(value: Describable): Descriptor {
  return "descriptor" in value ? value.descriptor : value;
}
