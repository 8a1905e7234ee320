export type { Digester, MultiDigester } from "./digester.ts";
export { createDigester, createMultiDigester, descriptorOf, digestOf } from "./digester.ts";
