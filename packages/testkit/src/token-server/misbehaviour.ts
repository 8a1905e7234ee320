import type { ServerResponse } from "node:http";

/** Bytes of the answer of `huge`. */
export const HUGE_BYTES: number = 64 * 2 ** 20;

/** What an answer with a token holds, before it is spoilt. */
export type TokenAnswer = Readonly<Record<string, unknown>>;

/** One way of a token server to go wrong. */
type Misbehaviour = (response: ServerResponse, answer: TokenAnswer) => void;

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
const without = (answer: TokenAnswer, ...names: readonly string[]): TokenAnswer =>
  Object.fromEntries(Object.entries(answer).filter(([name]) => !names.includes(name)));

/** The name of a way to go wrong. */
export type TokenMisbehaviour =
  | "refuse"
  | "broken"
  | "storm"
  | "html"
  | "malformed"
  | "no-token"
  | "header-injection"
  | "token-only"
  | "access-token-only"
  | "no-expiry"
  | "from-the-future"
  | "odd-expiry"
  | "huge"
  | "endless"
  | "cut"
  | "drop"
  | "hang"
  | "redirect-to-metadata"
  | "redirect-loop";

const MISBEHAVIOURS: Readonly<Record<TokenMisbehaviour, Misbehaviour>> = {
  /** Every credential is refused. */
  refuse: (response) => json(response, 401, { errors: [{ code: "UNAUTHORIZED", message: "wrong password" }] }),
  /** Fails for reasons of its own. */
  broken: (response) => json(response, 500, { details: "no database" }),
  /** Asks to come later. */
  storm: (response) => response.writeHead(429, { "retry-after": "86400" }).end(),
  /** A page for people, with a status that says all is well. */
  html: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Please log in</body></html>"),
  /** JSON that is cut in the middle. */
  malformed: (response) => response.writeHead(200, { "content-type": "application/json" }).end('{"token":"abc'),
  /** An answer without a token. */
  "no-token": (response, answer) => json(response, 200, without(answer, "token", "access_token")),
  /** A token that would end the header it is sent in. */
  "header-injection": (response) => json(response, 200, { token: "abc\r\nx-injected: 1" }),
  /** Only the member of the original specification. */
  "token-only": (response, answer) => json(response, 200, without(answer, "access_token")),
  /** Only the member of OAuth2. */
  "access-token-only": (response, answer) => json(response, 200, without(answer, "token")),
  /** Does not say how long the token lives. */
  "no-expiry": (response, answer) => json(response, 200, without(answer, "expires_in", "issued_at")),
  /** Pretends that the token was made tomorrow. */
  "from-the-future": (response, answer) =>
    json(response, 200, { ...answer, issued_at: new Date(Date.now() + 86_400_000).toISOString(), expires_in: 86_400 }),
  /** A life that is no number. */
  "odd-expiry": (response, answer) => json(response, 200, { ...answer, expires_in: "soon", issued_at: "today" }),
  /** An answer larger than any token. */
  huge: (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"token":"');
    pump(response, HUGE_BYTES);
  },
  /** An answer that never ends. */
  endless: (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    pump(response, Number.POSITIVE_INFINITY);
  },
  /** The connection goes away in the middle of the answer. */
  cut: (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
    response.write('{"token":"abc', () => response.destroy());
  },
  /** The connection goes away instead of an answer. */
  drop: (response) => void response.destroy(),
  /** Never answers. */
  hang: () => undefined,
  /** Sends the client, and the credential with it, to the metadata service of a cloud. */
  "redirect-to-metadata": (response) => response.writeHead(307, { location: "http://169.254.169.254/latest/token" }).end(),
  /** Sends the client round in circles. */
  "redirect-loop": (response) => response.writeHead(307, { location: response.req.url ?? "/" }).end(),
};

/** All of them. */
export const TOKEN_MISBEHAVIOURS: readonly TokenMisbehaviour[] = Object.freeze(
  (Object.keys(MISBEHAVIOURS) as TokenMisbehaviour[]).toSorted(),
);

/** Answers wrongly. */
export function misbehave(name: TokenMisbehaviour, response: ServerResponse, answer: TokenAnswer): void {
  MISBEHAVIOURS[name](response, answer);
}

/** Writes blanks as fast as they are read. */
function pump(response: ServerResponse, bytes: number): void {
  const block = Buffer.alloc(64 * 1024, " ");
  let left = bytes;
  const write = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= block.byteLength;
      if (!response.write(block)) {
        response.once("drain", write);
        return;
      }
    }
    if (left <= 0) response.end('"}');
  };
  write();
}
