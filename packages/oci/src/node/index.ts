export type { ChunkWriter } from "./chunk-writer.ts";
export type { OpenChunkWriterOptions } from "./direct-writer.ts";
export { openChunkWriter } from "./direct-writer.ts";
export type { Digester, MultiDigester } from "./digester.ts";
export { createDigester, createMultiDigester, descriptorOf, digestOf } from "./digester.ts";
export { fetchByDigest, type FetchByDigestOptions, type FetchedManifestBytes } from "./fetch-by-digest.ts";
export { fileSource, readPassing } from "./file-source.ts";
export { successors } from "./graph.ts";
export { makeFolder } from "./make-folder.ts";
export { pageMemory } from "./page-memory.ts";
export type { ProcessIdentity } from "./process-identity.ts";
export { isRunning, thisProcess } from "./process-identity.ts";
export { isFileSystemError, systemMessage } from "./system-message.ts";
export { systemReason } from "./system-reason.ts";
export {
  leaveUnfinished,
  makeWorkFolder,
  outsideOfWork,
  removeAbandoned,
  removeAbandonedBeside,
  takeAbandoned,
  unfinishedBeside,
  unfinishedName,
  type WorkFolder,
} from "./unfinished.ts";
export type { ReadAllOptions, Verifier, VerifyTarget } from "./verify.ts";
export { createVerifier, readAllVerified, readChunksVerified, verifyingStream } from "./verify.ts";
export { unlessAborted } from "./unless-aborted.ts";
