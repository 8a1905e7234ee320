import { join } from "node:path";
import { seedImage } from "./content.ts";
import type { ClientRow } from "./row.ts";

const START = { amount: { operations: 1 }, target: "< 100 ms", ours: "command" } as const;

/** Verbs that do so little that it is the start of the command that is measured. */
export const START_ROWS: readonly ClientRow[] = [
  {
    ...START,
    id: "start-help",
    work: "Print the help",
    note: "`--help`",
    prepare: async () => {
      const help = (program: readonly string[]): readonly string[] => [...program, "--help"];
      return { berth: help, crane: help, skopeo: help, oras: help };
    },
  },
  {
    ...START,
    id: "start-digest",
    work: "Print the digest of a tag",
    note: "`berth digest`, `crane digest`, `skopeo inspect --format {{.Digest}}`, which reads the image as well, `oras resolve`",
    counted: true,
    async prepare(host, folder) {
      await seedImage(`${host}/bench/one`, join(folder, "one"), [1024]);
      return {
        berth: (program, place) => [...program, "digest", `${place.host}/bench/one:1`],
        crane: (program, place) => [...program, "digest", `${place.host}/bench/one:1`],
        skopeo: (program, place) => [
          ...program,
          "inspect",
          "--tls-verify=false",
          "--no-tags",
          "--format={{.Digest}}",
          `docker://${place.host}/bench/one:1`,
        ],
        oras: (program, place) => [...program, "resolve", "--plain-http", `${place.host}/bench/one:1`],
      };
    },
  },
  {
    ...START,
    id: "start-ls",
    work: "List the tags of a repository with 100",
    note: "`berth ls`, `crane ls`, `skopeo list-tags`, `oras repo tags`",
    counted: true,
    async prepare(host, folder) {
      await seedImage(`${host}/bench/hundred`, join(folder, "hundred"), [1024], 100);
      return {
        berth: (program, place) => [...program, "ls", `${place.host}/bench/hundred`],
        crane: (program, place) => [...program, "ls", `${place.host}/bench/hundred`],
        skopeo: (program, place) => [...program, "list-tags", "--tls-verify=false", `docker://${place.host}/bench/hundred`],
        oras: (program, place) => [...program, "repo", "tags", "--plain-http", `${place.host}/bench/hundred`],
      };
    },
  },
];
