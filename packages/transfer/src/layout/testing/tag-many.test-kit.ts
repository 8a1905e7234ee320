/** Run as a process of its own: pushes a manifest into a layout and tags it many times. Arguments: folder, prefix, count. */
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { EMPTY_JSON, imageManifest } from "@berth/testkit/images";
import { openLayout } from "../open-layout.ts";

const [folder = "", prefix = "", count = "0"] = process.argv.slice(2);
const layout = await openLayout(folder);
await layout.push(descriptorOf(MEDIA_TYPES.ociEmpty, EMPTY_JSON), bytesSource(EMPTY_JSON));
const image = imageManifest({ annotations: { prefix } });
await layout.push(image.descriptor, bytesSource(image.bytes));
for (let at = 0; at < Number(count); at++) await layout.tag(image.descriptor, `${prefix}-${at}`);
