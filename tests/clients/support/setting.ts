import { writeFile } from "node:fs/promises";
import {
  createScratch,
  debianImage,
  requirePart,
  run,
  writeTinyImage,
  type PartName,
  type RunningRegistry,
  type RunOptions,
  type RunResult,
  type Scratch,
  type TestImage,
  type TestUser,
} from "@berth/testkit/parts";
import { afterAll, beforeAll } from "vitest";
import { Probe } from "./probe.ts";
import { type Recorder, startRecorder } from "./recorder.ts";
import { startRegistry } from "./registry.ts";

/** An empty registry of its own for one group of tests, with images to push. */
export interface Setting {
  readonly registry: RunningRegistry;
  readonly wire: Recorder;
  /** What clients write in front of names: the recorder's address. */
  readonly host: string;
  readonly probe: Probe;
  readonly scratch: Scratch;
  readonly tiny: TestImage;
  readonly debian: TestImage;
  /** Runs a command of a part with a home folder of its own; `part` brings a command of the same name unless said. */
  run(part: PartName, args: readonly string[], options?: RunOptions & { readonly command?: string }): Promise<RunResult>;
}

/** Parts that every setting needs, next to the client under test. */
export const SETTING_PARTS: readonly PartName[] = ["busybox", "debian-image"];

/** Opens a setting before the tests of the surrounding group and takes it down after them. */
export function useSetting(options: { readonly user?: TestUser } = {}): () => Setting {
  let setting: Setting | undefined;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const scratch = await createScratch();
    close = () => scratch.remove();
    await writeFile(scratch.join("auth.json"), "{}"); // podman and buildah refuse a path that is not there
    const registry = await startRegistry(options);
    close = async () => {
      await registry.stop();
      await scratch.remove();
    };
    const wire = await startRecorder(registry.port);
    close = async () => {
      await wire.close();
      await registry.stop();
      await scratch.remove();
    };
    setting = {
      registry,
      wire,
      host: wire.host,
      probe: new Probe(registry.url, options.user),
      scratch,
      tiny: await writeTinyImage(scratch.join("tiny")),
      debian: await debianImage(),
      run: (part, args, more = {}) =>
        run(requirePart(part).command(more.command ?? part), args, { ...more, env: { ...homeOf(scratch), ...more.env } }),
    };
  });
  afterAll(async () => {
    await close?.();
  });
  return () => {
    if (setting === undefined) throw new ReferenceError("The setting is not open yet");
    return setting;
  };
}

/** Where the clients keep configuration, credentials and trust: nothing of the person who runs the tests. */
function homeOf(scratch: Scratch): Record<string, string> {
  return {
    HOME: scratch.path,
    XDG_CONFIG_HOME: scratch.join("config"),
    XDG_RUNTIME_DIR: scratch.join("runtime"),
    DOCKER_CONFIG: scratch.join("docker"),
    REGISTRY_AUTH_FILE: scratch.join("auth.json"),
  };
}
