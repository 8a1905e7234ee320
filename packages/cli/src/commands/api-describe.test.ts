import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const at = useRegistry();

async function describeAs(format: string): Promise<string> {
  const fake = fakeIo();
  expect(await run(["api-describe", "--format", format], { io: fake.io })).toBe(0);
  return fake.stdout();
}

interface Described {
  readonly routes: readonly {
    readonly path: string;
    readonly methods: readonly {
      readonly name: string;
      readonly method: string;
      readonly successes: readonly number[];
      readonly failures: readonly { readonly status: number }[];
    }[];
  }[];
  readonly errors: readonly { readonly code: string; readonly status: number; readonly message: string; readonly description: string }[];
}

async function described(): Promise<Described> {
  return JSON.parse(await describeAs("json"));
}

interface Answer {
  readonly status: number;
  readonly allow: string | undefined;
}

/** What a live registry answers to a request without a body. */
async function ask(method: string, path: string): Promise<Answer> {
  const sent = request(`http://${at.server.host}${path}`, { method }).end();
  const [response]: IncomingMessage[] = await once(sent, "response");
  response?.resume();
  return { status: response?.statusCode ?? 0, allow: response?.headers.allow };
}

function filledIn(path: string): string {
  const digest = `sha256:${"0".repeat(64)}`;
  const values: Readonly<Record<string, string>> = {
    name: "some/name",
    reference: "latest",
    digest,
    uuid: "0193a7c8-0000-7000-8000-000000000000",
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

test("[server/C11,C13] the description names exactly the routes and methods that a live registry knows", async () => {
  const { routes } = await described();
  expect(routes.length).toBeGreaterThan(10);
  for (const { path, methods } of routes) {
    const { status, allow = "" } = await ask("PROPFIND", filledIn(path));
    expect(status, path).toBe(405);
    expect(allow.split(/, */).sort(), path).toEqual(methods.map(({ method }) => method).sort());
  }
});

test("[server/C13] what a live registry answers to a bare request is described", async () => {
  for (const { path, methods } of (await described()).routes) {
    for (const { name, method, successes, failures } of methods) {
      const { status } = await ask(method, filledIn(path));
      expect([...successes, ...failures.map((failure) => failure.status)], name).toContain(status);
    }
  }
});

test("[server/C12] every method and every error code is described, and every status has its words", async () => {
  const { routes, errors } = await described();
  for (const { methods } of routes) for (const { successes } of methods) expect(successes.length).toBeGreaterThan(0);
  expect(errors.find(({ code }) => code === "BLOB_UNKNOWN")).toMatchObject({
    status: 404,
    message: expect.any(String),
    description: expect.any(String),
  });
  expect(new Set(errors.map(({ code }) => code)).size).toBe(20);
});

test("[server/C13] the OpenAPI document has an operation for each route, with every parameter of its path declared", async () => {
  const document: {
    readonly openapi: string;
    readonly paths: Readonly<
      Record<string, Readonly<Record<string, { readonly operationId?: string } & readonly { readonly name: string }[]>>>
    >;
  } = JSON.parse(await describeAs("openapi"));
  expect(document.openapi).toBe("3.1.0");
  const { routes } = await described();
  expect(Object.keys(document.paths)).toEqual(routes.map(({ path }) => path));
  const operations: (string | undefined)[] = [];
  for (const [path, { parameters = [], ...methods }] of Object.entries(document.paths)) {
    expect(parameters.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    operations.push(...Object.values(methods).map(({ operationId }) => operationId));
  }
  expect(operations).toEqual(routes.flatMap(({ methods }) => methods.map(({ name }) => name)));
});

test("[server/C13] the Markdown page has each path and each code, and an unknown format is a usage mistake", async () => {
  const page = await describeAs("markdown");
  const { routes, errors } = await described();
  for (const { path } of routes) expect(page).toContain(`\n## \`${path}\`\n`);
  for (const { code } of errors) expect(page).toContain(`\n| \`${code}\` |`);
  const fake = fakeIo();
  expect(await run(["api-describe", "--format", "html"], { io: fake.io })).toBe(2);
  expect(fake.stderr()).toContain("json, markdown, openapi");
});
