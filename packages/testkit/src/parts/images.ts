import { randomBytes, createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { type TestBlob, type TestImage, readLayout, testBlob, writeLayout } from "./oci-layout.ts";
import { requirePart } from "./part.ts";
import { packTar } from "./tar.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

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
  const base = packTar([{ path: "bin/" }, { path: "bin/busybox", content: busybox }, ...applets]);
  const hello = packTar([{ path: "hello", content: Buffer.from(options.hello ?? randomBytes(16).toString("hex")), mode: 0o644 }]);
  const layers = [base, hello].map((tar) => testBlob(LAYER, gzipSync(tar, { level: 1 })));
  const config = json(CONFIG, {
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["cat", "/hello"] },
    rootfs: { type: "layers", diff_ids: [base, hello].map((tar) => `sha256:${createHash("sha256").update(tar).digest("hex")}`) },
  });
  const manifest = json(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: describe(config),
    layers: layers.map(describe),
  });
  return writeLayout(path, options.tag ?? "1", manifest, [config, ...layers]);
}

/** The Debian root file system that `.ci/install-parts` made with debootstrap (63 MB layer). @throws {MissingPartError} without it. */
export async function debianImage(): Promise<TestImage> {
  return readLayout(requirePart("debian-image").command("layout"), "latest");
}

function json(mediaType: string, value: unknown): TestBlob {
  return testBlob(mediaType, Buffer.from(JSON.stringify(value)));
}

function describe(blob: TestBlob): Omit<TestBlob, "bytes"> {
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
}
