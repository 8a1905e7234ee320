export type { IssueOptions, KeyPair } from "./authority.ts";
export { TestAuthority } from "./authority.ts";
