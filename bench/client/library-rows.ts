import { join } from "node:path";
import { type BenchImage, seedImage, writeImage } from "./content.ts";
import { type ClientRow, type Place, shell, SKOPEO_FROM } from "./row.ts";

const GIB = 2 ** 30;
const MANY_BLOBS = 200;
const MANY_TAGS = 1000;

const TARGET = ">= 1x of crane; <= 150 MiB";

/** What the library does. */
export const LIBRARY_ROWS: readonly ClientRow[] = [
  {
    id: "client-pull-large",
    work: "Pull a blob of 1 GiB, verified, to disk",
    amount: { bytes: GIB },
    target: TARGET,
    ours: "library",
    note: "crane writes the blob to a file through its standard output, skopeo copies an image with that layer to a folder (`dir:`), `oras blob fetch`",
    slow: true,
    async prepare(host, folder) {
      const image = await seedImage(`${host}/bench/large`, join(folder, "large"), [GIB]);
      const { digest } = onlyLayer(image);
      return {
        berth: (program, { folder: to }) => [...program, "blob", host, "bench/large", digest, String(GIB), join(to, "blob")],
        crane: (program, { folder: to }) => shell('exec "$0" blob "$1" > "$2"', program, `${host}/bench/large@${digest}`, join(to, "blob")),
        skopeo: (program, { folder: to }) => [...program, ...skopeoPull(`${host}/bench/large:1`, to)],
        oras: (program, { folder: to }) => [
          ...program,
          "blob",
          "fetch",
          "--plain-http",
          "--output",
          join(to, "blob"),
          `${host}/bench/large@${digest}`,
        ],
      };
    },
  },
  {
    id: "client-push-large",
    work: "Push an image with a layer of 1 GiB",
    amount: { bytes: GIB },
    target: TARGET,
    ours: "library",
    note: "all push the same OCI layout into a repository that is new each time: `crane push`, `skopeo copy oci:`, `oras cp --from-oci-layout`",
    slow: true,
    async prepare(_, folder) {
      const { layout } = await writeImage(join(folder, "push"), [GIB]);
      const name = ({ run }: Place): string => `bench/push-${run}`;
      return {
        berth: (program, place) => [...program, "push", layout, place.host, name(place)],
        crane: (program, place) => [...program, "push", layout, `${place.host}/${name(place)}:1`],
        skopeo: (program, place) => {
          const to = `docker://${place.host}/${name(place)}:1`;
          return [...program, "copy", "--quiet", "--dest-tls-verify=false", `oci:${layout}:1`, to];
        },
        oras: (program, place) => [
          ...program,
          "cp",
          "--from-oci-layout",
          "--to-plain-http",
          `${layout}:1`,
          `${place.host}/${name(place)}:1`,
        ],
      };
    },
  },
  pullMany({
    id: "client-pull-many",
    work: `Pull an image of ${MANY_BLOBS} layers of 2 KiB`,
    note: "`crane pull --format=oci`, `skopeo copy` to `dir:`, `oras cp --to-oci-layout`; ours has 32 requests under way at a time, over connections that are kept",
    folders: ["image"],
  }),
  pullMany({
    id: "client-pull-again",
    work: "The same, ours the second time in one process",
    note: "the others are processes as before; of ours only the second pull counts (its CPU time is that of the whole process): a library lives longer than a command",
    folders: ["first", "image"],
    again: true,
  }),
  {
    id: "client-resolve",
    work: `Resolve ${MANY_TAGS.toLocaleString("en-US")} tags`,
    amount: { operations: MANY_TAGS },
    target: TARGET,
    ours: "library",
    note:
      "8 at a time; crane and oras resolve one tag a process (`xargs -P 8 crane digest`, `oras resolve`), so that this row shows what a library spares; " +
      "skopeo cannot resolve a tag without reading the image",
    async prepare(host, folder) {
      await seedImage(`${host}/bench/tags`, join(folder, "tags"), [1024], MANY_TAGS);
      const names = `seq -f "$1:t%05.0f" 0 ${MANY_TAGS - 1}`;
      return {
        berth: (program) => [...program, "resolve", host, "bench/tags", String(MANY_TAGS)],
        crane: (program) => shell(`${names} | xargs -P 8 -n 1 "$0" digest`, program, `${host}/bench/tags`),
        oras: (program) => shell(`${names} | xargs -P 8 -n 1 "$0" resolve --plain-http`, program, `${host}/bench/tags`),
      };
    },
  },
];

/** A pull of many small blobs, by ours into each of these folders in turn. */
function pullMany({
  folders,
  ...row
}: Pick<ClientRow, "id" | "work" | "note" | "again"> & { readonly folders: readonly string[] }): ClientRow {
  return {
    ...row,
    amount: { operations: MANY_BLOBS },
    target: TARGET,
    ours: "library",
    async prepare(host, folder) {
      await seedImage(
        `${host}/bench/small`,
        join(folder, "small"),
        Array.from({ length: MANY_BLOBS }, () => 2048),
      );
      return {
        berth: (program, { folder: to }) => [...program, "image", host, "bench/small", "1", ...folders.map((name) => join(to, name))],
        crane: (program, { folder: to }) => [...program, "pull", "--format=oci", `${host}/bench/small:1`, join(to, "image")],
        skopeo: (program, { folder: to }) => [...program, ...skopeoPull(`${host}/bench/small:1`, to)],
        oras: (program, { folder: to }) => [
          ...program,
          "cp",
          "--from-plain-http",
          "--to-oci-layout",
          `${host}/bench/small:1`,
          `${join(to, "image")}:1`,
        ],
      };
    },
  };
}

function onlyLayer({ layers: [layer] }: BenchImage): BenchImage["layers"][number] {
  if (layer === undefined) throw new TypeError("The image has no layer");
  return layer;
}

function skopeoPull(reference: string, folder: string): readonly string[] {
  return [...SKOPEO_FROM, `docker://${reference}`, `dir:${join(folder, "image")}`];
}
