import { join } from "node:path";
import { type BenchImage, seedImage, writeImage } from "./content.ts";
import type { ClientName } from "./clients.ts";

/** Where a row works. */
export interface Place {
  /** The registry's address with port. */
  readonly host: string;
  /** Empty at the start of each run; what is left in it is removed. */
  readonly folder: string;
  /** Never comes twice in a row. */
  readonly run: number;
}

/** Gives a command from a client's program: arguments behind it, or a whole other command that runs it. */
export type CommandOf = (program: readonly string[], place: Place) => readonly string[];

/** How each client does the same work; one that has no way to do it is left out. */
export type Commands = Readonly<Partial<Record<ClientName, CommandOf>>>;

/** One line of the clients' table. */
export interface ClientRow {
  readonly id: string;
  readonly work: string;
  /** What one run moves or does; CPU time is told for that much. */
  readonly amount: { readonly bytes: number } | { readonly operations: number };
  /** At least this many times the speed of crane. */
  readonly ratio: number;
  /** How the clients do it. */
  readonly note: string;
  /** Left out of quick runs. */
  readonly slow?: boolean;
  /** Makes the content and says what to run. */
  prepare(host: string, folder: string): Promise<Commands>;
}

const GIB = 2 ** 30;
const MANY_BLOBS = 200;
const MANY_TAGS = 1000;

/** Every row, in the order of the table. */
export const CLIENT_ROWS: readonly ClientRow[] = [
  {
    id: "client-pull-large",
    work: "Pull a blob of 1 GiB, verified, to disk",
    amount: { bytes: GIB },
    ratio: 1,
    note: "crane writes the blob to a file through its standard output, skopeo copies an image with that layer to a folder (`dir:`)",
    slow: true,
    async prepare(host, folder) {
      const image = await seedImage(`${host}/bench/large`, join(folder, "large"), [GIB]);
      const { digest } = onlyLayer(image);
      return {
        berth: (program, { folder: to }) => [...program, "blob", host, "bench/large", digest, String(GIB), join(to, "blob")],
        crane: (program, { folder: to }) => shell('exec "$0" blob "$1" > "$2"', program, `${host}/bench/large@${digest}`, join(to, "blob")),
        skopeo: (program, { folder: to }) => [...program, ...skopeoPull(`${host}/bench/large:1`, to)],
      };
    },
  },
  {
    id: "client-push-large",
    work: "Push an image with a layer of 1 GiB",
    amount: { bytes: GIB },
    ratio: 1,
    note: "all push the same OCI layout into a repository that is new each time: `crane push`, `skopeo copy oci:`",
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
      };
    },
  },
  {
    id: "client-pull-many",
    work: `Pull an image of ${MANY_BLOBS} layers of 2 KiB`,
    amount: { operations: MANY_BLOBS },
    ratio: 1,
    note: "`crane pull --format=oci`, `skopeo copy` to `dir:`; ours has 8 requests under way at a time, over connections that are kept",
    async prepare(host, folder) {
      await seedImage(
        `${host}/bench/small`,
        join(folder, "small"),
        Array.from({ length: MANY_BLOBS }, () => 2048),
      );
      return {
        berth: (program, { folder: to }) => [...program, "image", host, "bench/small", "1", join(to, "image")],
        crane: (program, { folder: to }) => [...program, "pull", "--format=oci", `${host}/bench/small:1`, join(to, "image")],
        skopeo: (program, { folder: to }) => [...program, ...skopeoPull(`${host}/bench/small:1`, to)],
      };
    },
  },
  {
    id: "client-resolve",
    work: `Resolve ${MANY_TAGS.toLocaleString("en-US")} tags`,
    amount: { operations: MANY_TAGS },
    ratio: 1,
    note:
      "8 at a time; crane resolves one tag a process (`xargs -P 8 crane digest`), so that this row shows what a library spares; " +
      "skopeo cannot resolve a tag without reading the image",
    async prepare(host, folder) {
      await seedImage(`${host}/bench/tags`, join(folder, "tags"), [1024], MANY_TAGS);
      return {
        berth: (program) => [...program, "resolve", host, "bench/tags", String(MANY_TAGS)],
        crane: (program) => shell(`seq -f "$1:t%05.0f" 0 ${MANY_TAGS - 1} | xargs -P 8 -n 1 "$0" digest`, program, `${host}/bench/tags`),
      };
    },
  },
];

function onlyLayer({ layers: [layer] }: BenchImage): BenchImage["layers"][number] {
  if (layer === undefined) throw new TypeError("The image has no layer");
  return layer;
}

function skopeoPull(reference: string, folder: string): readonly string[] {
  return ["copy", "--quiet", "--src-tls-verify=false", `docker://${reference}`, `dir:${join(folder, "image")}`];
}

/** A script that finds the program in `$0`. */
function shell(script: string, [program = ""]: readonly string[], ...args: readonly string[]): readonly string[] {
  return ["/bin/sh", "-c", script, program, ...args];
}
