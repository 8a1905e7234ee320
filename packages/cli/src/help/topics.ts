/** A page of `berth help`. */
export interface Topic {
  /** What stands behind `berth help`. */
  readonly name: string;
  /** What stands beside the name in a list: a few words, no full stop. */
  readonly summary: string;
  /** Makes the text of the page. */
  load(): Promise<string>;
}

/** Every topic. */
export const TOPICS: readonly Topic[] = [
  { name: "exit-codes", summary: "what the exit code says", load: async () => (await import("./exit-codes.ts")).EXIT_CODES_PAGE },
  {
    name: "references",
    summary: "how images, layouts and archives are named",
    load: async () => (await import("./references.ts")).REFERENCES_PAGE,
  },
  {
    name: "env",
    summary: "which variables count, and the config file",
    load: async () => (await import("./environment.ts")).environmentPage(),
  },
  { name: "sync-file", summary: "what berth sync reads", load: async () => (await import("./sync-file.ts")).SYNC_FILE_PAGE },
  { name: "formats", summary: "--format: JSON, YAML, templates and paths", load: async () => (await import("./formats.ts")).formatsPage() },
];
