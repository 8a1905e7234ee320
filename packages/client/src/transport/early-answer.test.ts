import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { requestBody } from "./body.ts";
import { responseError } from "./check-response.ts";
import { readStart } from "./read-bounded.ts";
import type { TransportResponse } from "./transport.ts";
import { createUndiciTransport } from "./undici-transport.ts";

/** Sends a body of 200 MB to a server that answers at once and would end its answer only behind the last byte, which it does not get. */
async function sendTo(answer: string): Promise<TransportResponse> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => socket.write(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const transport = createUndiciTransport({ earlyAnswerTimeoutMs: 50 });
  onTestFinished(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await transport.close();
  });
  const chunk = Buffer.alloc(MIB);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let count = 0; count < 200; count++) yield chunk;
  };
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`);
  return await transport({ method: "PUT", url, headers: {}, body: requestBody(chunks(), 200 * MIB) });
}

const MIB = 1_048_576;

test("[client/N-6] an early refusal whose server waits for the rest of the body is read as far as it goes", async () => {
  const said = '{"errors":[{"code":"DENIED","message":"no"}]}';
  const response = await sendTo(`HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n${said.length.toString(16)}\r\n${said}\r\n`);
  expect(await responseError(response)).toMatchObject({ status: 403, errors: [{ code: "DENIED" }] });
});

test("[client/N-6] an early refusal without a byte of its body ends too", async () => {
  const response = await sendTo("HTTP/1.1 401 Unauthorized\r\ncontent-length: 10\r\n\r\n");
  expect(response.status).toBe(401);
  expect((await readStart(response.body, 100)).bytes).toHaveLength(0);
});
