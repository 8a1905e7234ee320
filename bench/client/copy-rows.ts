import { join } from "node:path";
import { debianImage } from "@berth/testkit/parts";
import { pushLayout, seedImage } from "./content.ts";
import { type ClientRow, type Commands, type Place, SKOPEO_FROM } from "./row.ts";

const TARGET = ">= 1x of the fastest, without the start; <= 150 MiB";
const NOTHING = "at most 2 requests";
const LARGE = 2 * 2 ** 30;

/** Layers of an image, in bytes. */
const MANY: readonly number[] = Array.from({ length: 40 }, () => 200_000);

/** An image that is copied. */
interface Subject {
  readonly id: string;
  readonly what: string;
  readonly bytes: number;
  readonly slow?: boolean;
  seed(reference: string, folder: string): Promise<void>;
}

const SUBJECTS: readonly Subject[] = [
  {
    id: "debian",
    what: "Debian's image, one layer of 63 MB",
    bytes: 63e6,
    async seed(reference) {
      const { path, tag } = await debianImage();
      await pushLayout(path, tag, reference);
    },
  },
  { id: "many", what: "an image of 40 layers of 200 kB", bytes: 8e6, seed: sized(MANY) },
  { id: "large", what: "an image with a layer of 2 GiB", bytes: LARGE, slow: true, seed: sized([LARGE]) },
];

/** What a process has done before the copy that counts. */
interface Running {
  readonly id: string;
  /** Behind the name of the work. */
  readonly what: string;
  /** Behind "the transfer engine in a process that". */
  readonly note: string;
  /** Layers of the images that it copies first, in bytes. */
  readonly before: readonly (readonly number[])[];
  /** How often it copies each of them. */
  readonly times: number;
}

const RUNNING: Running = {
  id: "running",
  what: "ours in a process that is running",
  note: "has copied two other images before, one of 40 layers of 200 kB and one of 63 MB",
  before: [MANY, [63_000_000]],
  times: 1,
};

/** V8 has optimised by then what a copy of many layers needs. */
const LONG_RUNNING: Running = {
  id: "long-running",
  what: "ours the eleventh in one process",
  note: "has copied another image of 40 layers of 200 kB ten times before",
  before: [MANY],
  times: 10,
};

/** Milliseconds, as to a registry some thousand kilometres away. */
const ROUND_TRIP_MS = 50;

/** What `berth cp` and the transfer engine do, between two registries and into an OCI layout. */
export const COPY_ROWS: readonly ClientRow[] = (["registry", "layout"] as const).flatMap((to) => [
  ...SUBJECTS.map((subject) => copyRow(subject, to, false)),
  ...SUBJECTS.map((subject) => runningRow(copyRow(subject, to, false), to, RUNNING)),
  ...ofMany((subject) => runningRow(copyRow(subject, to, false), to, LONG_RUNNING)),
  ...SUBJECTS.slice(0, 2).map((subject) => copyRow(subject, to, true)),
  ...ofMany((subject) => farRow(copyRow(subject, to, false))),
]);

function ofMany(row: (subject: Subject) => ClientRow): readonly ClientRow[] {
  return SUBJECTS.filter(({ id }) => id === "many").map(row);
}

function copyRow({ id, what, bytes, slow, seed }: Subject, to: "registry" | "layout", isSame: boolean): ClientRow {
  const where = to === "registry" ? "to another registry" : "into an OCI layout";
  return {
    id: `copy-${to}-${id}${isSame ? "-same" : ""}`,
    work: `Copy ${what}, ${where}${isSame ? ", nothing changed" : ""}`,
    amount: isSame ? { operations: 1 } : { bytes },
    target: isSame ? NOTHING : TARGET,
    note:
      to === "registry"
        ? "`berth cp`, `crane copy`, `skopeo copy`, `oras cp`, into a repository that is new each time unless nothing changed"
        : "`berth cp` and `skopeo copy` to `oci:`, `crane pull --format=oci`, `oras cp --to-oci-layout`",
    ours: "command",
    counted: slow !== true,
    ...(slow && { slow }),
    async prepare(host, folder) {
      const name = `bench/${id}`;
      await seed(`${host}/${name}`, join(folder, id));
      const from = (place: Place): string => `${place.host}/${name}:1`;
      if (to === "registry") return toRegistry(from, (client, { run }) => `bench/${isSame ? `same-${client}` : `copy-${run}`}`);
      return toLayout(from, (client, place) => (isSame ? join(folder, `same-${client}`) : join(place.folder, "layout")));
    },
  };
}

/** The same copy, of which most is waiting: whole processes count, with the start of ours. */
function farRow(near: ClientRow): ClientRow {
  return {
    ...near,
    counted: false,
    id: `${near.id}-far`,
    work: `${near.work}, ${ROUND_TRIP_MS} ms away`,
    target: ">= 1x of the fastest; <= 150 MiB",
    note:
      `as above, through proxies that hold every byte for ${ROUND_TRIP_MS / 2} ms in either direction, and a new connection for ` +
      `${ROUND_TRIP_MS} ms; ours is told by \`--plain-http\` that it is HTTP, as oras and skopeo are: of an address of this machine it finds out itself`,
    roundTripMs: ROUND_TRIP_MS,
    async prepare(host, folder) {
      const commands = await near.prepare(host, folder);
      const own = (place: Place): readonly string[] => commands.berth?.([], place) ?? [];
      return { ...commands, berth: (program, place) => [...program, ...own(place).toSpliced(1, 0, "--plain-http")] };
    },
  };
}

/** The same copy by the transfer engine, in a process that has made others; only this one counts. */
function runningRow(cold: ClientRow, to: "registry" | "layout", { id, what, note, before, times }: Running): ClientRow {
  const nameOf = (number: number): string => `bench/before-${id}-${number}`;
  return {
    ...cold,
    counted: false,
    id: `${cold.id}-${id}`,
    work: `${cold.work}, ${what}`,
    target: ">= 1x of the fastest; <= 150 MiB",
    note:
      `the transfer engine in a process that ${note}; only the copy of this one counts, but for CPU time and memory, which are those of ` +
      "the whole process; the others as above",
    ours: "library",
    again: true,
    async prepare(host, folder) {
      const commands = await cold.prepare(host, folder);
      for (const [number, sizes] of before.entries()) await seedImage(`${host}/${nameOf(number)}`, join(folder, nameOf(number)), sizes);
      return {
        ...commands,
        berth(program, place) {
          const first = Array.from({ length: before.length * times }, (_, at) => [
            `${place.host}/${nameOf(at % before.length)}:1`,
            to === "registry" ? `${place.other}/${nameOf(at)}-${place.run}:1` : `oci:${join(place.folder, nameOf(at))}:1`,
          ]);
          return [...program, "copy", ...first.flat(), ...(commands.berth?.([], place).slice(-2) ?? [])];
        },
      };
    },
  };
}

type Naming = (client: string, place: Place) => string;

function toRegistry(from: (place: Place) => string, name: Naming): Commands {
  const to = (client: string, place: Place): string => `${place.other}/${name(client, place)}:1`;
  return {
    berth: (program, place) => [...program, "cp", "--quiet", from(place), to("berth", place)],
    crane: (program, place) => [...program, "copy", from(place), to("crane", place)],
    skopeo: (program, place) => {
      const options = [...SKOPEO_FROM, "--dest-tls-verify=false"];
      return [...program, ...options, `docker://${from(place)}`, `docker://${to("skopeo", place)}`];
    },
    oras: (program, place) => [...program, "cp", "--from-plain-http", "--to-plain-http", from(place), to("oras", place)],
  };
}

function toLayout(from: (place: Place) => string, path: Naming): Commands {
  return {
    berth: (program, place) => [...program, "cp", "--quiet", from(place), `oci:${path("berth", place)}:1`],
    crane: (program, place) => [...program, "pull", "--format=oci", from(place), path("crane", place)],
    skopeo: (program, place) => [...program, ...SKOPEO_FROM, `docker://${from(place)}`, `oci:${path("skopeo", place)}:1`],
    oras: (program, place) => [...program, "cp", "--from-plain-http", "--to-oci-layout", from(place), `${path("oras", place)}:1`],
  };
}

function sized(sizes: readonly number[]): Subject["seed"] {
  return async (reference, folder) => void (await seedImage(reference, folder, sizes));
}
