export type { ContentCase } from "./case.ts";
export type { DescribeRegistryOptions, RegistrySubject } from "./describe-registry.ts";
export { describeRegistry, registryCases } from "./describe-registry.ts";
