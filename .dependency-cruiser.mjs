/** Which file may import which: the arrows of ARCHITECTURE.md as rules. `tools/boundaries.test.ts` proves that each one bites. */

const TESTS = "\\.test[.-]";
/** Gone when the code runs: `import type`, and `typeof import()`. */
const TYPES = ["type-only", "type-import"];
const DRIVERS = ["node:sqlite", "^pg$", "node_modules/pg/"];

/** @type {import("dependency-cruiser").IConfiguration} */
const config = {
  forbidden: [
    {
      name: "no-cycle",
      severity: "error",
      comment:
        "Two files that need each other are one noun, or lack a third. Types may: an exchange knows its route, a route its exchange.",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: TYPES } },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      comment: "Import what a package exports, not its files.",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-foreign-files",
      severity: "error",
      comment: "Other packages are imported by name, never by a path into their folder.",
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    },
    {
      name: "oci-imports-nothing",
      severity: "error",
      comment: "@berth/oci has no dependencies and runs in a browser.",
      from: { path: "^packages/oci/src/", pathNot: TESTS },
      to: { pathNot: "^packages/oci/src/", dependencyTypesNot: ["core"] },
    },
    {
      name: "oci-node-only-in-node",
      severity: "error",
      comment: "Node's own modules are for @berth/oci/node.",
      from: { path: "^packages/oci/src/", pathNot: ["^packages/oci/src/node/", TESTS] },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "oci-core-not-to-node",
      severity: "error",
      comment: "The browser part of @berth/oci must not pull in its Node part.",
      from: { path: "^packages/oci/src/", pathNot: ["^packages/oci/src/node/", TESTS] },
      to: { path: "^packages/oci/src/node/" },
    },
    {
      name: "storage-only-to-oci",
      severity: "error",
      from: { path: "^packages/storage/src/", pathNot: TESTS },
      to: { path: "^packages/", pathNot: "^packages/(storage|oci)/" },
    },
    {
      name: "client-only-to-oci",
      severity: "error",
      from: { path: "^packages/client/src/", pathNot: TESTS },
      to: { path: "^packages/", pathNot: "^packages/(client|oci)/" },
    },
    {
      name: "client-transport-innermost",
      severity: "error",
      comment: "A transport knows neither registries nor credentials.",
      from: { path: "^packages/client/src/transport/", pathNot: TESTS },
      to: { path: "^packages/client/src/(auth|credentials|remote|registry-client)/" },
    },
    {
      name: "client-auth-not-outwards",
      severity: "error",
      comment: "Authentication is a layer of the transport below a connection.",
      from: { path: "^packages/client/src/auth/", pathNot: TESTS },
      to: { path: "^packages/client/src/(remote|registry-client)/" },
    },
    {
      name: "client-credentials-not-to-http",
      severity: "error",
      comment: "Credentials are looked up, not sent; logging in alone asks a registry.",
      from: { path: "^packages/client/src/credentials/", pathNot: [TESTS, "^packages/client/src/credentials/login\\.ts$"] },
      to: { path: "^packages/client/src/(auth|transport|remote|registry-client)/" },
    },
    {
      name: "client-remote-not-outwards",
      severity: "error",
      from: { path: "^packages/client/src/remote/", pathNot: TESTS },
      to: { path: "^packages/client/src/registry-client/" },
    },
    {
      name: "transfer-only-to-oci-client",
      severity: "error",
      from: { path: "^packages/transfer/src/", pathNot: TESTS },
      to: { path: "^packages/", pathNot: "^packages/(transfer|client|oci)/" },
    },
    {
      name: "registry-only-to-oci-storage",
      severity: "error",
      comment: "The proxy alone may also speak to other registries.",
      from: { path: "^packages/registry/src/", pathNot: [TESTS, "^packages/registry/src/proxy/"] },
      to: { path: "^packages/", pathNot: "^packages/(registry|storage|oci)/" },
    },
    {
      name: "proxy-only-to-client-too",
      severity: "error",
      from: { path: "^packages/registry/src/proxy/", pathNot: TESTS },
      to: { path: "^packages/", pathNot: "^packages/(registry|storage|oci|client)/" },
    },
    {
      name: "cli-loads-registry-lazily",
      severity: "error",
      comment: "A command loads what it needs of the registry when it runs.",
      from: { path: "^packages/cli/src/", pathNot: TESTS },
      to: { path: "^packages/registry/", dynamic: false, dependencyTypesNot: TYPES },
    },
    {
      name: "cli-server-only-in-serve",
      severity: "error",
      comment: "Only `berth serve` and `berth api-describe` know the server; others may use the entries that load none of it.",
      from: { path: "^packages/cli/src/", pathNot: [TESTS, "^packages/cli/src/commands/(serve|api-describe)\\.ts$"] },
      to: { path: "^packages/registry/", pathNot: "^packages/registry/src/(config|auth/htpasswd)/", dependencyTypesNot: TYPES },
    },
    {
      name: "testkit-only-in-tests",
      severity: "error",
      from: { path: "^packages/(?!testkit/)", pathNot: TESTS },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "packages-not-to-workshop",
      severity: "error",
      comment: "What is published stands without tests, tools and bench.",
      from: { path: "^packages/" },
      to: { path: "^(tests|tools|bench)/" },
    },
    {
      name: "domain-not-outwards",
      severity: "error",
      comment: "The rules of the registry know neither HTTP nor SQL nor how the process is started.",
      from: { path: "^packages/registry/src/domain/", pathNot: TESTS },
      to: { path: ["^packages/registry/src/(http|auth|config|daemon)/", "^packages/registry/src/metadata/sql", ...DRIVERS] },
    },
    {
      name: "http-not-to-adapters",
      severity: "error",
      comment: "HTTP asks the domain; it touches neither SQL nor a storage driver.",
      from: { path: "^packages/registry/src/http/", pathNot: TESTS },
      to: { path: ["^packages/registry/src/metadata/sql", "^packages/storage/src/(filesystem|memory)/", ...DRIVERS] },
    },
    {
      name: "http-storage-only-types",
      severity: "error",
      comment: "An open file that the domain hands over may be sent; only the one place that maps errors needs the classes.",
      from: { path: "^packages/registry/src/http/", pathNot: [TESTS, "^packages/registry/src/http/errors\\.ts$"] },
      to: { path: "^packages/storage/", dependencyTypesNot: TYPES },
    },
    {
      name: "metadata-not-upwards",
      severity: "error",
      comment: "Metadata is asked; it asks nobody.",
      from: { path: "^packages/registry/src/metadata/", pathNot: TESTS },
      to: { path: "^packages/registry/src/(http|domain|auth|config|daemon)/" },
    },
    {
      name: "sql-drivers-only-in-sql",
      severity: "error",
      from: { path: "^packages/registry/src/", pathNot: [TESTS, "^packages/registry/src/metadata/sql"] },
      to: { path: DRIVERS },
    },
    {
      name: "config-and-daemon-are-roots",
      severity: "error",
      comment: "Parts are given what they need; only the outermost files know about configuration and process.",
      from: {
        path: "^packages/registry/src/",
        pathNot: [TESTS, "^packages/registry/src/(config|daemon)/", "^packages/registry/src/(index|bin|main)\\.ts$"],
      },
      to: { path: "^packages/registry/src/(config|daemon)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|bundle)/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["berth-source", "import", "node", "default"],
      extensions: [".ts", ".js", ".mjs", ".json"],
    },
    combinedDependencies: false,
  },
};

export default config;
