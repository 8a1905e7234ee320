import { expect, test } from "vitest";
import { type ParityFacts, parityProblems } from "./parity.ts";

const facts: ParityFacts = {
  apis: new Map([
    ["@berth/oci", "export interface Registry {\n    repositories(): Paged<string>;\n}\n\nexport type Digest = string;"],
    [
      "@berth/client",
      "export interface Remote extends Registry {\n    readonly host: string;\n}\n\nexport function login(): Promise<void>;",
    ],
  ]),
  ids: new Set(["client/B-1", "client/B-2", "server/P4"]),
  hasFile: (path) => path === "client/src/here.test.ts",
};

function problems(...rows: readonly string[]): readonly string[] {
  const head = ["## names", "", "Package of the", "counterpart: `@berth/client`.", "", "| name | here | proved by |", "|---|---|---|"];
  return parityProblems([...head, ...rows, "", "| other | table |", "|---|---|", "| `Nothing` | `nowhere` |"].join("\n"), facts);
}

test("parityProblems() finds nothing in rows whose counterparts and proofs are there", () => {
  expect(
    problems(
      "| `A` | `Remote.host`, `login()`, `repositories()` | client/B-1, B-2; server/P4 |",
      "| `B` | `Digest` of `@berth/oci`; a `TypeError`; the words `a b` | client/src/here.test.ts |",
      "| `C` | `undefined` | client/B-1 |",
    ),
  ).toEqual([]);
});

test("parityProblems() names counterparts that are not exported where the row says, with the line", () => {
  expect(
    problems(
      "| `A` | `Gone` | client/B-1 |",
      "| `B` | `logout()`, `Remote.port`, `Digest` | client/B-1 |",
      "| `C` | `hots` | client/B-1 |",
    ),
  ).toEqual([
    '8: "Gone" is not exported by @berth/client',
    '9: "logout" is not exported by @berth/client',
    '9: "Remote" has no "port"',
    '9: "Digest" is not exported by @berth/client',
    '10: "hots" is no word of the exports of @berth/client',
  ]);
});

test("parityProblems() names proofs that are not there", () => {
  expect(
    problems("| `A` | `Remote` | client/B-9, B-1; server/B-2 |", "| `B` | `Remote` | client/src/gone.test.ts |", "| `C` | `Remote` | |"),
  ).toEqual([
    '8: no test has the id "client/B-9"',
    '8: no test has the id "server/B-2"',
    '9: there is no file "packages/client/src/gone.test.ts"',
    "10: no proof is named",
  ]);
});

test("parityProblems() does not pass a page without tables", () => {
  expect(parityProblems("# Empty", facts)).toEqual(["1: no table of names"]);
});
