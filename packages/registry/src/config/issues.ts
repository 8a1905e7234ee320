import { BerthError } from "@berth/oci";

/** One thing to say about the configuration. Messages never hold the value of a secret. */
export interface ConfigIssue {
  /** Dotted, as in the file: `storage.delete.enabled`, `notifications.endpoints.0.url`; empty for the whole. */
  readonly path: string;
  readonly message: string;
  /** From 1; where the value stands in the file, when it came from one. */
  readonly line?: number;
  /** From 1, with `line`. */
  readonly column?: number;
  /** The environment variable or flag that the value came from. */
  readonly origin?: string;
  /** `info`: nothing to do. `warning`: the registry starts, but not as the author meant. `error`: it does not start. */
  readonly severity: "info" | "warning" | "error";
}

/** The configuration cannot be used; `issues` names every mistake, not only the first, and the warnings with them. */
export class ConfigError extends BerthError<"ERR_CONFIG"> {
  readonly issues: readonly ConfigIssue[];
  /** The file it was read from, when there was one. */
  readonly file: string | undefined;

  constructor(issues: readonly ConfigIssue[], file?: string, options?: { readonly cause?: unknown }) {
    super(
      "ERR_CONFIG",
      `Cannot use the configuration: ${issues
        .filter(({ severity }) => severity === "error")
        .map((issue) => formatIssue(issue, file))
        .join("; ")}`,
      options,
    );
    this.issues = issues;
    this.file = file;
  }
}

/** One line a person or an editor can follow: `config.yml:12:5: storage.delete.enabled: expected ...`. */
export function formatIssue(issue: ConfigIssue, file?: string): string {
  const where = issue.origin ?? (issue.line === undefined ? file : `${file ?? "config"}:${issue.line}:${issue.column ?? 1}`);
  return [where, issue.path, issue.message].filter((part) => part !== undefined && part !== "").join(": ");
}
