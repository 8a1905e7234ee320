import { isRepositoryName } from "@berth/oci";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Router } from "./router.ts";
import { ROUTES } from "./routes.ts";

const router = new Router(ROUTES);

/** Components that stand in routes are as likely as others. */
const component = fc.oneof(
  fc.constantFrom("blobs", "uploads", "manifests", "tags", "list", "referrers", "v2", "a", "library"),
  fc.stringMatching(/^[a-z0-9]{1,6}([._-][a-z0-9]{1,4})?$/),
);
const name = fc
  .array(component, { minLength: 1, maxLength: 6 })
  .map((components) => components.join("/"))
  .filter(isRepositoryName);
const parameter = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
  fc.constantFrom("uploads", "list", `sha256:${"0".repeat(64)}`, "a%2Fb"),
);

test("[server/O33] every name and parameter come back from the path that was made of them", () => {
  const named = ROUTES.filter(({ path }) => path.includes("{name}"));
  fc.assert(
    fc.property(fc.constantFrom(...named), name, parameter, (route, wantedName, wantedParameter) => {
      const parametrized = /\{(reference|digest|uuid)\}/.test(route.path);
      const path = route.path.replace("{name}", wantedName).replace(/\{\w+\}/, wantedParameter);
      const match = router.match(route.method, path);
      // A blob called "uploads" is the one path that two templates fit: there the uploads are meant.
      fc.pre(!(route.path.endsWith("/blobs/{digest}") && wantedParameter === "uploads"));
      expect(match).toMatchObject({ route, name: wantedName, parameter: parametrized ? wantedParameter : "" });
    }),
  );
});

test("[server/L4] any path gives a match or none, never an error, and a match has a parameter where the route has one", () => {
  const path = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.array(fc.oneof(component, fc.constantFrom("", "..", ".", "%2e%2e")), { maxLength: 8 }).map((parts) => `/v2/${parts.join("/")}`),
  );
  fc.assert(
    fc.property(fc.constantFrom("GET", "PUT", "POST"), path, (method, anyPath) => {
      const match = router.match(method, anyPath);
      if (match?.route === undefined) return;
      expect(match.route.method).toBe(method);
      expect(match.parameter === "").toBe(!/\{(reference|digest|uuid)\}$/.test(match.route.path));
    }),
  );
});
