import fc from "fast-check";
import { expect, test } from "vitest";
import { parseNoProxy } from "./no-proxy.ts";

const octet = fc.integer({ min: 0, max: 255 });
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join("."));

test("[client/N-9] a block matches exactly the addresses whose first bits are its own", () => {
  fc.assert(
    fc.property(
      fc.tuple(octet, octet, octet, octet),
      fc.tuple(octet, octet, octet, octet),
      fc.integer({ min: 1, max: 32 }),
      (net, host, prefix) => {
        fc.pre(host[0] !== 127);
        const number = (parts: readonly number[]): number => parts.reduce((all, part) => all * 256 + part, 0);
        const same = Math.floor(number(net) / 2 ** (32 - prefix)) === Math.floor(number(host) / 2 ** (32 - prefix));
        expect(parseNoProxy(`${net.join(".")}/${prefix}`)(host.join("."), 443)).toBe(same);
      },
    ),
  );
});

test("[client/N-9] a name matches itself and what is below it, on its port, wherever it stands in the list", () => {
  fc.assert(
    fc.property(name, label, fc.integer({ min: 1, max: 65_535 }), fc.array(name, { maxLength: 3 }), (domain, below, port, others) => {
      fc.pre(!others.some((other) => domain.endsWith(other)));
      const matches = parseNoProxy([...others, `${domain}:${port}`].join(","));
      expect(matches(domain, port)).toBe(true);
      expect(matches(`${below}.${domain}`, port)).toBe(true);
      expect(matches(domain, port === 1 ? 2 : port - 1)).toBe(false);
      expect(matches(`${below}${domain}`, port)).toBe(others.some((other) => `${below}${domain}`.endsWith(`.${other}`)));
    }),
  );
});

test("[client/N-9] nothing makes it fail, and this machine never goes through a proxy", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      expect(parseNoProxy(value)("localhost", 80)).toBe(true);
      expect(parseNoProxy(value)("127.0.0.1", 80)).toBe(true);
    }),
  );
});
