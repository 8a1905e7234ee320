import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { ConfigError } from "./issues.ts";
import { loadConfig } from "./load.ts";

test("[server/G24] parseDuration() adds up any sequence of parts", () => {
  const unit = fc.constantFrom(["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1] as const);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(10_000), unit), { minLength: 1, maxLength: 6 }), (parts) => {
      const text = parts.map(([amount, [name]]) => `${amount}${name}`).join("");
      expect(parseDuration(text)).toBe(parts.reduce((total, [amount, [, ms]]) => total + amount * Number(ms), 0));
    }),
  );
});

test("loadConfig() answers any text with a configuration or a ConfigError", () => {
  const word = fc.constantFrom(
    "version",
    "0.1",
    "storage",
    "inmemory",
    "http",
    "addr",
    ":5000",
    "[",
    "{",
    "&a",
    "*a",
    "<<",
    "- ",
    "\n",
    "\n  ",
    ": ",
    "'",
    "null",
    "log",
    "auth",
    "htpasswd",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join("")),
      ),
      fc.string(),
      (text, value) => {
        try {
          loadConfig({ text, env: { REGISTRY_HTTP_HEADERS: value, REGISTRY_HEALTH_FILE_0: value } });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      },
    ),
  );
});
