import { isJsonObject, type JsonObject, platformOfConfig } from "@berth/oci";
import { historyOf, textsOf, withPlatform } from "./config-edits.ts";
import { BaseMismatchError, InvalidImageConfigError } from "./errors.ts";
import { type ImageDocument, layersIn } from "./image-document.ts";
import { withMember } from "./member-edits.ts";

/**
 * The image with its lowest layers, those of the old base, replaced by the layers of the new one. The history follows the layers; OS,
 * architecture and their versions are those of the new base; everything else stays as the image had it.
 *
 * @throws {BaseMismatchError} when the image does not stand on the old base: a layer counts as the same when its digest is, or what it
 * unpacks to.
 * @throws {InvalidImageConfigError} when configs and layers do not fit each other.
 * @see crane, "rebase"
 */
export function rebaseDocuments(image: ImageDocument, oldBase: ImageDocument, newBase: ImageDocument): ImageDocument {
  const [upper, below, above] = [partsOf(image, "image"), partsOf(oldBase, "old base"), partsOf(newBase, "new base")];
  checkBase(upper, below);
  const from = below.layers.length;
  const layers = [...above.layers, ...upper.layers.slice(from)];
  const diffIds = [...above.diffIds, ...upper.diffIds.slice(from)];
  const history = rebasedHistory(upper, below, above);

  const platform = platformOfConfig(newBase.config);
  const rootfs = image.config["rootfs"];
  let config = platform === undefined ? image.config : withPlatform(image.config, platform);
  config = withMember(config, "rootfs", { ...(isJsonObject(rootfs) ? rootfs : {}), diff_ids: diffIds });
  config = withMember(config, "history", history.length === 0 ? undefined : history);
  const manifest = withMember(image.manifest, "layers", layers);
  return { ...image, config, manifest };
}

interface Parts {
  readonly layers: readonly unknown[];
  readonly digests: readonly string[];
  readonly diffIds: readonly string[];
  readonly history: readonly JsonObject[];
}

function partsOf({ manifest, config }: ImageDocument, what: string): Parts {
  const digests = layersIn(manifest).map(({ digest }) => digest);
  const rootfs = config["rootfs"];
  const diffIds = textsOf(isJsonObject(rootfs) ? rootfs["diff_ids"] : undefined, "rootfs.diff_ids");
  if (diffIds.length !== digests.length) {
    throw new InvalidImageConfigError(`${what}: the config names ${diffIds.length} layers, the manifest ${digests.length}`);
  }
  const history = historyOf(config);
  const named = history.filter((entry) => entry["empty_layer"] !== true).length;
  if (named > digests.length)
    throw new InvalidImageConfigError(`${what}: the history names ${named} layers, the manifest ${digests.length}`);
  const layers: unknown = manifest["layers"];
  return { layers: Array.isArray(layers) ? layers : [], digests, diffIds, history };
}

function checkBase(image: Parts, base: Parts): void {
  if (base.digests.length > image.digests.length) {
    throw new BaseMismatchError(`it has ${image.digests.length} layers, the old base has ${base.digests.length}`);
  }
  const at = base.digests.findIndex((digest, i) => digest !== image.digests[i] && base.diffIds[i] !== image.diffIds[i]);
  if (at >= 0) throw new BaseMismatchError(`layer ${at} is "${image.digests[at]}", that of the old base is "${base.digests[at]}"`, at);
}

/** Entries without a layer stand in the history alone, so it is walked beside the layers. */
function rebasedHistory(image: Parts, oldBase: Parts, newBase: Parts): readonly JsonObject[] {
  if (image.history.length === 0 && newBase.history.length === 0) return [];
  const base = oldBase.layers.length;
  let layer = 0;
  const upper = image.history.filter((entry, i) => {
    if (entry["empty_layer"] !== true) layer++;
    return i >= oldBase.history.length || layer > base;
  });
  return [...filled(newBase.history, newBase.layers.length), ...filled(upper, image.layers.length - base)];
}

/** Some tools write no history: each layer that has none gets an empty entry, or those behind it would seem to be about other layers. */
function filled(history: readonly JsonObject[], layers: number): readonly JsonObject[] {
  const named = history.filter((entry) => entry["empty_layer"] !== true).length;
  return [...history, ...Array.from({ length: Math.max(0, layers - named) }, () => ({}))];
}
