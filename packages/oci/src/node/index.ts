export type { ChunkWriter, ChunkWriterOptions } from "./chunk-writer.ts";
export { createChunkWriter } from "./chunk-writer.ts";
export type { Digester, MultiDigester } from "./digester.ts";
export { createDigester, createMultiDigester, descriptorOf, digestOf } from "./digester.ts";
export { fileSource, readPassing } from "./file-source.ts";
export { listReferrers, successors } from "./graph.ts";
export { makeFolder } from "./make-folder.ts";
export type { ReadAllOptions, Verifier, VerifyTarget } from "./verify.ts";
export { createVerifier, readAllVerified, verifyingStream } from "./verify.ts";
