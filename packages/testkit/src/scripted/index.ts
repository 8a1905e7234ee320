export type { ScriptedRegistryOptions, ScriptedReply, ScriptedReplySource, ScriptedRequest } from "./scripted-registry.ts";
export { ScriptedRegistry, startScriptedRegistry } from "./scripted-registry.ts";
