import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createRegistryClient } from "./create-registry-client.ts";
import { parseRegistryClientOptions, registryClientOptions } from "./options.ts";
import { quiet } from "./registry-log.ts";

test("[client/A-5] options go through JSON and back, without the log, and do not print secrets", () => {
  const options = { username: "u", password: "secret", insecure: true, pingFirst: true, disableBasicAuth: true };
  const stored = JSON.stringify(registryClientOptions({ ...options, log: quiet }));
  expect(JSON.parse(stored)).toEqual({
    username: "u",
    password: "secret",
    insecure: true,
    do_initial_ping: true,
    disable_basicauth: true,
  });
  expect({ ...parseRegistryClientOptions(stored) }).toEqual(options);
  expect(JSON.stringify(registryClientOptions({}))).toBe("{}");
  expect(inspect(registryClientOptions(options), { depth: 9 })).not.toContain("secret");
  expect(inspect(parseRegistryClientOptions(stored), { depth: 9 })).not.toContain("secret");
  expect(inspect(createRegistryClient("https://r.test", options), { depth: 9, showHidden: true })).not.toContain("secret");
});

test.each(["[]", "1", `{"username":1}`, `{"insecure":"yes"}`])("[client/A-5] %j are no options", (text) => {
  expect(() => parseRegistryClientOptions(text)).toThrow(TypeError);
});
