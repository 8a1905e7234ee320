import { expect, test } from "vitest";
import { run } from "./program.ts";
import { fakeIo } from "./testing/fake-io.ts";

async function berth(...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const fake = fakeIo();
  const code = await run(args, { io: fake.io });
  return { code, stdout: fake.stdout(), stderr: fake.stderr() };
}

test("[server/C3,X7] -v and --version print program, package and version; version is for people", async () => {
  for (const args of [["-v"], ["--version"], ["digest", "--version"]]) {
    expect(await berth(...args)).toEqual({ code: 0, stdout: expect.stringMatching(/^berth @berth\/cli \d+\.\d+\.\d+\S*\n$/), stderr: "" });
  }
  expect((await berth("version")).stdout).toMatch(/^berth \d+\.\d+\.\d+\S*\n$/);
  const { stdout } = await berth("version", "--format", "json");
  expect(JSON.parse(stdout)).toEqual({ name: "berth", package: "@berth/cli", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  expect(await berth("version", "--format", "xml")).toMatchObject({ code: 2, stdout: "" });
});

test("[server/C3] no subcommand prints usage, and help knows the subcommands", async () => {
  const { code, stdout } = await berth();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: berth /);
  for (const name of ["serve", "config", "digest", "htpasswd", "version"]) expect(stdout).toMatch(new RegExp(`\\n  ${name}[ |]`));
  expect(await berth("help", "serve")).toMatchObject({ code: 0, stdout: expect.stringContaining("--metadata-url <url>") });
});

test("a mistake in the command line is one line with a guess, the usage, and exit 2", async () => {
  expect(await berth("serv")).toEqual({
    code: 2,
    stdout: "",
    stderr: "berth: unknown command 'serv'\n(Did you mean serve?)\nusage: berth [options] <command>\n",
  });
  expect(await berth("serve", "--prt", "1")).toMatchObject({
    code: 2,
    stderr: "berth: unknown option '--prt'\n(Did you mean --port?)\nusage: berth serve [options] [config]\n",
  });
  expect((await berth("ls", "--json", "x.test")).stderr).toContain(
    "unknown option '--json'\n(Did you mean --format json?)\nusage: berth ls ",
  );
  expect(await berth("digest", "--format", "json", "--bogus", "x")).toEqual({
    code: 2,
    stdout: "",
    stderr: `{"class":"Usage","code":"ERR_USAGE","message":"unknown option '--bogus'"}\n`,
  });
  expect((await berth("cat", "--format=json")).stderr).toMatch(/^\{"class":"Usage".*\n$/);
  expect((await berth("digest", "--bogus", "--", "--format", "json")).stderr).toContain("usage: berth digest");
  expect(await berth("serve", "a", "b")).toMatchObject({ code: 2 });
  expect((await berth("pull", "x.test/app:v1", "app.tar")).stderr).toContain("\n(Did you mean --output?)\nusage: berth pull ");
  expect(await berth("htpasswd")).toMatchObject({ code: 2, stdout: "" });
});

test.each([
  ["export", "--output", "", "x.test/app"],
  ["serve", "--data", ""],
  ["ls", "--token", "", "x.test"],
  ["ls", "--user=", "x.test"],
  ["append", "--layer", "a.tar", "--layer", "", "x.test/app"],
  ["digest", "--format", "", "x.test/app"],
])("%s %s with nothing behind it, as of a variable that is not set, is refused", async (...args) => {
  const { code, stdout, stderr } = await berth(...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^berth: option '-.*' argument '' is invalid\. expected more than nothing\nusage: /);
});
