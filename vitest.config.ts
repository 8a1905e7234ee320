import { defineConfig, type ViteUserConfig } from "vitest/config";

const conditions = ["berth-source"];

/** A folder that every run leaves its counts in, as JSON: `.ci/run` adds them up, whatever command started the run. */
const results = process.env["BERTH_TEST_RESULTS"];

/**
 * `unit` and `tools` need nothing but Node; the other projects need real parts and are run by name. Time limits only end what hangs:
 * a busy machine may take ten times as long as usual.
 */
const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions } },
  resolve: { conditions },
  test: {
    expect: { poll: { timeout: 60_000 } },
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: `${results}/${process.pid}.json` }]],
    projects: [
      { extends: true, test: { name: "unit", include: ["packages/*/src/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 } },
      { extends: true, test: { name: "tools", include: ["tools/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 } },
      { extends: true, test: { name: "clients", include: ["tests/clients/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 } },
      { extends: true, test: { name: "services", include: ["tests/services/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 } },
      { extends: true, test: { name: "interop", include: ["tests/interop/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 } },
      { extends: true, test: { name: "fault", include: ["tests/fault/**/*.test.ts"], testTimeout: 600_000, hookTimeout: 120_000 } },
    ],
  },
});

export default config;
