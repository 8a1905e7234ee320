import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MEDIA_TYPES } from "@berth/oci";
import { blobFixture, layerOf } from "../images/layer.ts";
import { imageManifest } from "../images/manifest.ts";
import { type TestImage, readLayout, writeLayout } from "./oci-layout.ts";
import { requirePart } from "./part.ts";

/** What goes into a tiny image. */
export interface TinyImageOptions {
  /** Text of the file /hello; default random, which makes every image new to the registry. */
  readonly hello?: string;
  readonly tag?: string;
}

/**
 * Writes a runnable image of about 1 MB, two layers (busybox, then one small file), into a new layout folder.
 * The first layer is the same in all images, so that pushes can mount or skip it.
 * @throws {MissingPartError} without busybox.
 */
export async function writeTinyImage(path: string, options: TinyImageOptions = {}): Promise<TestImage> {
  const busybox = await readFile(requirePart("busybox").command("busybox"));
  const applets = ["sh", "cat", "ls", "true", "echo"].map((name) => ({ path: `bin/${name}`, linkTo: "busybox" }));
  const layers = [
    layerOf([{ path: "bin/" }, { path: "bin/busybox", content: busybox }, ...applets]),
    layerOf([{ path: "hello", content: Buffer.from(options.hello ?? randomBytes(16).toString("hex")), mode: 0o644 }]),
  ];
  const value = {
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["cat", "/hello"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify(value)));
  const { descriptor, bytes } = imageManifest({ config: config.descriptor, layers: layers.map((layer) => layer.descriptor) });
  const blobs = [config, ...layers].map((blob) => ({ ...blob.descriptor, bytes: blob.bytes }));
  return writeLayout(path, options.tag ?? "1", { ...descriptor, bytes }, blobs);
}

/** The Debian root file system that `.ci/install-parts` made with debootstrap (63 MB layer). @throws {MissingPartError} without it. */
export async function debianImage(): Promise<TestImage> {
  return readLayout(requirePart("debian-image").command("layout"), "latest");
}
