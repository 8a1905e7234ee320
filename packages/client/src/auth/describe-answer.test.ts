import { expect, test } from "vitest";
import { describeAnswer } from "./describe-answer.ts";

const page = `<!doctype html><html><head><style>p { color: red }</style><script>steal("x")</script><!-- no --></head>
<body><h1>Sign in\u202e to our\tnetwork</h1><p>${"word ".repeat(50)}</p></body></html>`;
const secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

test.each([
  [page, "text/html; charset=utf-8", /^text\/html; charset=utf-8, "Sign in to our network word word [word .]{60,70}\.\.\."$/],
  [`token=${secret} ok`, "text/plain", /^text\/plain, "REDACTED ok"$/],
  [JSON.stringify({ Token: secret, data: { jwt: secret } }), "application/json", /^application\/json, an object with "Token", "data"$/],
  [
    JSON.stringify(Object.fromEntries("abcdefg".split("").map((key) => [key, 1]))),
    undefined,
    /^no content type, an object with "a", .*"e", \.\.\.$/,
  ],
  [JSON.stringify(secret), "application/json", /^application\/json, JSON that is a string$/],
  ["null", "application/json", /^application\/json, JSON that is null$/],
  ["", "text/html", /^text\/html, nothing in it$/],
  ["\u001b[31mno entry\u001b[0m\u0001", "text/plain", /^text\/plain, "no entry"$/],
  [`${"x ".repeat(2047)}xй`, "text/plain", /^text\/plain, "x x/],
  ["\u0000\u0001", "image/png", /^image\/png, 2 bytes that are no text$/],
])("[client/B-46] what is no token is described, without what could be one: %s", (body, type, described) => {
  expect(describeAnswer(Buffer.from(body), type)).toMatch(described);
});
