import { expect, test } from "vitest";
import { booleanParameter, integerParameter, InvalidParameterError, stringParameter } from "./parameters.ts";

test("[server/Q7] a value may come as text, number or switch", () => {
  expect(["true", true, 1, "1", "T", "True"].map((value) => booleanParameter({ secure: value }, "secure"))).toEqual([
    true,
    true,
    true,
    true,
    true,
    true,
  ]);
  expect(["false", false, 0, "0", "F"].map((value) => booleanParameter({ secure: value }, "secure"))).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  expect([10485760, "10485760", " 10485760 ", "+10485760"].map((value) => integerParameter({ chunksize: value }, "chunksize"))).toEqual(
    Array(4).fill(10485760),
  );
  expect(["eu", 7, true].map((value) => stringParameter({ region: value }, "region"))).toEqual(["eu", "7", "true"]);
});

test("[server/Q7] a missing, empty or null value is the default, or an error that names the key", () => {
  for (const parameters of [{}, { key: "" }, { key: null }, { key: undefined }]) {
    expect(stringParameter(parameters, "key", "default")).toBe("default");
    expect(integerParameter(parameters, "key", { fallback: 3 })).toBe(3);
    expect(booleanParameter(parameters, "key", true)).toBe(true);
    for (const read of [stringParameter, integerParameter, booleanParameter]) {
      expect(() => read(parameters, "key")).toThrow('Cannot use storage parameter "key": it is required');
    }
  }
  expect(() => stringParameter({}, "toString")).toThrow(InvalidParameterError);
});

test("[server/Q7] a bad value is an error that names the key", () => {
  for (const value of ["10MiB", "1e3", "1.5", 1.5, true, Number.NaN, 2 ** 60]) {
    expect(() => integerParameter({ chunksize: value }, "chunksize")).toThrow('"chunksize": expected an integer');
  }
  for (const value of ["yes", "2", 2, "tRUE"])
    expect(() => booleanParameter({ secure: value }, "secure")).toThrow('"secure": expected true or false');
  for (const value of [{}, [], ["a"]]) {
    expect(() => stringParameter({ region: value }, "region")).toThrow('"region": expected text');
    expect(() => integerParameter({ region: value }, "region")).toThrow('"region"');
    expect(() => booleanParameter({ region: value }, "region")).toThrow('"region"');
  }
});

test("[server/Q7] a number out of bounds is an error that names the bounds", () => {
  expect(() => integerParameter({ parts: "4" }, "parts", { min: 5, max: 9 })).toThrow('"parts": expected 5 to 9, got 4');
  expect(integerParameter({ parts: "9" }, "parts", { min: 5, max: 9 })).toBe(9);
});
