export type { ScriptedRegistryOptions, ScriptedReply, ScriptedReplySource, ScriptedRequest } from "./scripted-registry.ts";
export { ScriptedRegistry, startScriptedRegistry } from "./scripted-registry.ts";
export type { Ask, Misbehaviour } from "./misbehaviours/index.ts";
export { CONTENT, MISBEHAVIOURS, OTHER_DIGEST, PATHS } from "./misbehaviours/index.ts";
export type { ScriptedManifests, ScriptedManifestsOptions } from "./scripted-manifests.ts";
export { scriptManifests } from "./scripted-manifests.ts";
