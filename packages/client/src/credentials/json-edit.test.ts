import { expect, test } from "vitest";
import { removeJsonMember, setJsonMember } from "./json-edit.ts";

const TEXT =
  '{\n\t"auths": {\n\t\t"a": {\n\t\t\t"auth": "x"\n\t\t},\n\t\t"b": {}\n\t},\n\t"n": 12345678901234567890.10,\n\t"p": {"x":[1, 2 ]}\n}\n';

test("[client/B-57] a member that is set is laid out as its neighbours, and nothing else changes", () => {
  expect(setJsonMember(TEXT, ["auths", "c"], { auth: "y" })).toBe(
    TEXT.replace('"b": {}', '"b": {},\n\t\t"c": {\n\t\t\t"auth": "y"\n\t\t}'),
  );
  expect(setJsonMember(TEXT, ["auths", "a"], { auth: "y" })).toBe(TEXT.replace('"x"\n', '"y"\n'));
  expect(setJsonMember('{"a":1}', ["auths", "r"], { auth: "y" })).toBe('{"a":1,"auths":{"r":{"auth":"y"}}}');
  expect(setJsonMember("{}", ["auths", "r"], { auth: "y" })).toBe(JSON.stringify({ auths: { r: { auth: "y" } } }, null, "\t"));
  expect(setJsonMember('{\r\n  "a": {}\r\n}', ["a", "r"], { auth: "y" })).toBe(
    '{\r\n  "a": {\r\n    "r": {\r\n      "auth": "y"\r\n    }\r\n  }\r\n}',
  );
  expect(setJsonMember('{"auths":null,"b":1}', ["auths", "r"], 2)).toBe('{"auths":{"r":2},"b":1}');
  expect(setJsonMember("{}", ["__proto__", "r"], 2)).toBe('{\n\t"__proto__": {\n\t\t"r": 2\n\t}\n}');
});

test("[client/B-57] a member that is removed takes its comma along, and nothing else changes", () => {
  expect(removeJsonMember(TEXT, ["auths", "a"])).toBe(TEXT.replace('"a": {\n\t\t\t"auth": "x"\n\t\t},\n\t\t', ""));
  expect(removeJsonMember(TEXT, ["auths", "b"])).toBe(TEXT.replace(',\n\t\t"b": {}', ""));
  expect(removeJsonMember('{"a": {"b": 1 } }', ["a", "b"])).toBe('{"a": {} }');
  for (const path of [["auths", "c"], ["c"], ["n", "a"], ["p", "x", "y"]]) expect(removeJsonMember(TEXT, path)).toBe(TEXT);
});

test("of a name that stands twice the last one is changed, and all are removed", () => {
  expect(setJsonMember('{"a":1,"a":2}', ["a"], 3)).toBe('{"a":1,"a":3}');
  expect(removeJsonMember('{"a":1,"b":0,"a":2}', ["a"])).toBe('{"b":0}');
});
