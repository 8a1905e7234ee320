import { ConfigError, formatIssue } from "../issues.ts";
import { type LoadConfigOptions, loadConfig } from "../load.ts";
import type { RegistryConfig } from "../registry-config.ts";

/** The smallest file that starts. */
export const SMALLEST = "version: 0.1\nstorage: inmemory\n";

/** The configuration of a file, its keys put under the smallest one. */
export function configOf(text: string, options: LoadConfigOptions = {}): RegistryConfig {
  return loadConfig({ text: SMALLEST + text, ...options }).config;
}

/** What the warnings and info lines of a file say, one text each. */
export function warningsOf(text: string, options: LoadConfigOptions = {}): readonly string[] {
  return loadConfig({ text, ...options }).warnings.map((issue) => `${issue.severity} ${formatIssue(issue, "c.yml")}`);
}

/** What the errors of a file say, one text each. */
export function errorsOf(text: string, options: LoadConfigOptions = {}): readonly string[] {
  try {
    loadConfig({ text, ...options });
  } catch (error) {
    if (error instanceof ConfigError)
      return error.issues.filter(({ severity }) => severity === "error").map((issue) => formatIssue(issue, "c.yml"));
    throw error;
  }
  return [];
}
