import { STATUS_CODES } from "node:http";
import { ERROR_CODES, type OciErrorCode } from "@berth/oci";
import type { QueryParameter, Route, RouteAction } from "@berth/registry";
import { Command, Option } from "commander";
import type { RunOptions } from "../run-options.ts";
import { packageVersion } from "../version.ts";

/** `berth api-describe`: the HTTP API as data, made from the table that the server itself routes by. */
export function apiDescribeCommand({ io }: RunOptions): Command {
  return new Command()
    .addOption(new Option("--format <name>", "how to write it").choices(["json", "markdown", "openapi"]).default("json"))
    .addHelpText(
      "after",
      "\nExamples:\n  berth api-describe --format openapi > openapi.json\n  berth api-describe | jq -r '.routes[].path'\n",
    )
    .action(async ({ format }: { readonly format: "json" | "markdown" | "openapi" }) => {
      const description = describeApi(await import("@berth/registry"));
      const text = format === "markdown" ? markdown(description) : json(format === "openapi" ? openApi(description) : description);
      io.stdout.write(text);
    });
}

interface Tables {
  readonly ROUTES: readonly Route[];
  readonly COMMON_ERRORS: Readonly<Record<RouteAction, readonly OciErrorCode[]>>;
  readonly QUERY_PARAMETERS: Readonly<Record<QueryParameter, string>>;
}

interface Parameter {
  readonly name: string;
  readonly description: string;
}

interface Failure {
  readonly code: OciErrorCode;
  readonly status: number;
}

interface Method {
  readonly name: string;
  readonly method: Route["method"];
  readonly description: string;
  /** What the client needs: `open` nothing, `base` to be known, the rest a right. */
  readonly access: RouteAction;
  readonly queryParameters: readonly Parameter[];
  readonly successes: readonly number[];
  readonly failures: readonly Failure[];
}

interface PathDescription {
  readonly path: string;
  readonly entity: string;
  readonly pathParameters: readonly Parameter[];
  readonly methods: readonly Method[];
}

interface ApiDescription {
  readonly version: string;
  readonly routes: readonly PathDescription[];
  readonly errors: readonly {
    readonly code: OciErrorCode;
    readonly status: number;
    readonly message: string;
    readonly description: string;
  }[];
}

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  name: "Repository name, slashes and all",
  reference: "Tag or digest",
  digest: "Digest such as sha256:<hex>",
  uuid: "Upload session",
};

function describeApi({ ROUTES, COMMON_ERRORS, QUERY_PARAMETERS }: Tables): ApiDescription {
  const failure = (code: OciErrorCode): Failure => ({ code, status: ERROR_CODES.get(code)?.status ?? 500 });
  const routes = [...Map.groupBy(ROUTES, ({ path }) => path)].map(([path, rows]) => ({
    path,
    entity: rows[0]?.group ?? "",
    pathParameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({ name, description: PATH_PARAMETERS[name] ?? "" })),
    methods: rows.map((row) => ({
      name: row.name,
      method: row.method,
      description: row.summary,
      access: row.action,
      queryParameters: (row.query ?? []).map((name) => ({ name, description: QUERY_PARAMETERS[name] })),
      successes: row.successes,
      failures: [...row.errors, ...COMMON_ERRORS[row.action]].map(failure),
    })),
  }));
  const errors = [...ERROR_CODES.values()].map(({ code, status, message, description }) => ({ code, status, message, description }));
  return { version: packageVersion().version, routes, errors };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function markdown({ routes, errors }: ApiDescription): string {
  const lines = [
    "Every route of the registry. A path ends where it is written to end; `{name}` takes as many segments as it can. Any other method on",
    "one of these paths is answered 405 with `Allow`, any other path 404.",
  ];
  for (const { path, methods, pathParameters } of routes) {
    lines.push("", `## \`${path}\``);
    if (pathParameters.length > 0) lines.push("", pathParameters.map(({ name, description }) => `\`${name}\`: ${description}.`).join(" "));
    lines.push("", "| method | what it does | access | success | failures |", "|---|---|---|---|---|");
    for (const row of methods) {
      const failures = row.failures.map(({ code, status }) => `${status} \`${code}\``).join(", ");
      lines.push(`| ${row.method} | ${row.description} | ${row.access} | ${row.successes.join(", ")} | ${failures} |`);
    }
    const query = new Map(methods.flatMap((row) => row.queryParameters.map(({ name, description }) => [name, description] as const)));
    if (query.size > 0) lines.push("", ...[...query].map(([name, description]) => `- \`?${name}=\`: ${description}`));
  }
  lines.push("", "## Errors", "", "| code | status | message | when |", "|---|---|---|---|");
  for (const { code, status, message, description } of errors) lines.push(`| \`${code}\` | ${status} | ${message} | ${description} |`);
  return `${lines.join("\n")}\n`;
}

function openApi({ version, routes, errors }: ApiDescription): unknown {
  return {
    openapi: "3.1.0",
    info: { title: "Berth registry", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    tags: [...new Set(routes.map(({ entity }) => entity))].map((name) => ({ name })),
    paths: Object.fromEntries(routes.map((route) => [route.path, pathItem(route)])),
    components: {
      securitySchemes: { basic: { type: "http", scheme: "basic" }, bearer: { type: "http", scheme: "bearer" } },
      schemas: {
        Errors: {
          type: "object",
          required: ["errors"],
          properties: {
            errors: {
              type: "array",
              items: {
                type: "object",
                required: ["code", "message"],
                properties: { code: { type: "string", enum: errors.map(({ code }) => code) }, message: { type: "string" }, detail: {} },
              },
            },
          },
        },
      },
    },
  };
}

function pathItem({ entity, pathParameters, methods }: PathDescription): unknown {
  const parameters = pathParameters.map((parameter) => ({ ...parameter, in: "path", required: true, schema: { type: "string" } }));
  return {
    ...(parameters.length > 0 ? { parameters } : {}),
    ...Object.fromEntries(methods.map((row) => [row.method.toLowerCase(), operation(entity, row)])),
  };
}

function operation(entity: string, row: Method): unknown {
  const byStatus = Map.groupBy(row.failures, ({ status }) => status);
  const successes = row.successes.map((status): [number, unknown] => [status, { description: STATUS_CODES[status] ?? "" }]);
  const failures = [...byStatus].map(([status, all]): [number, unknown] => [
    status,
    {
      description: all.map(({ code }) => code).join(", "),
      ...(row.method === "HEAD" ? {} : { content: { "application/json": { schema: { $ref: "#/components/schemas/Errors" } } } }),
    },
  ]);
  return {
    operationId: row.name,
    summary: row.description,
    tags: [entity],
    ...(row.queryParameters.length > 0
      ? { parameters: row.queryParameters.map((parameter) => ({ ...parameter, in: "query", schema: { type: "string" } })) }
      : {}),
    // the empty requirement: a registry may be open to all
    security: row.access === "open" ? [] : [{}, { basic: [] }, { bearer: [] }],
    responses: Object.fromEntries<unknown>([...successes, ...failures]),
  };
}
