import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { Agent, type RequestListener, request } from "node:http";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { describe, expect, onTestFinished, test } from "vitest";
import { httpConfig } from "../testing/http-config.test-kit.ts";
import { ListenError } from "./listen-error.ts";
import { listen, type Listening } from "./listen.ts";
import { passedSocket } from "./socket-activation.ts";

const hello: RequestListener = (_request, response) => response.end("hello");

async function useListener(address: Listening["address"] | number): Promise<Listening> {
  const at =
    typeof address === "string" ? { net: "unix" as const, path: address } : { net: "tcp" as const, host: "127.0.0.1", port: address };
  const listening = await listen(hello, httpConfig({ address: at }));
  onTestFinished(async () => void (await listening.drain(0)));
  return listening;
}

async function get(target: { readonly socketPath: string } | { readonly port: number; readonly agent?: Agent }): Promise<string> {
  return await new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", agent: false, ...target }, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    })
      .once("error", reject)
      .end();
  });
}

/** A socket that its process left behind: Node removes the path that it bound, so it gets another one before the close. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.first`, resolve));
  await rename(`${path}.first`, path);
  await new Promise((resolve) => server.close(resolve));
}

async function useTcpServer(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => void (await new Promise((resolve) => server.close(resolve))));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, port: address.port };
}

describe("a unix socket", () => {
  test("[server/I1] is answered at, and goes away with the server", async () => {
    const path = join(await temporaryFolder("listen"), "berth.sock");
    const listening = await useListener(path);
    expect(listening).toMatchObject({ address: path, port: 0 });
    expect(await get({ socketPath: path })).toBe("hello");
    expect(await listening.drain(1000)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  test("[server/I1] that was left behind is replaced", async () => {
    const path = join(await temporaryFolder("listen"), "berth.sock");
    await leaveSocket(path);
    expect(existsSync(path)).toBe(true);
    await useListener(path);
    expect(await get({ socketPath: path })).toBe("hello");
  });

  test("[server/I1] that another server answers at is left to it", async () => {
    const path = join(await temporaryFolder("listen"), "berth.sock");
    await useListener(path);
    await expect(useListener(path)).rejects.toThrow(new ListenError(`${path} is already in use`));
    expect(await get({ socketPath: path })).toBe("hello");
  });

  test("[server/I1] is not put in the place of an ordinary file", async () => {
    const path = join(await temporaryFolder("listen"), "berth.sock");
    await writeFile(path, "precious");
    await expect(useListener(path)).rejects.toThrow(new ListenError(`"${path}" exists and is not a socket`));
    expect(await readFile(path, "utf8")).toBe("precious");
  });
});

describe("a port", () => {
  test("[server/I1] that is free is answered at and named", async () => {
    const listening = await useListener(0);
    expect(listening.address).toBe(`127.0.0.1:${listening.port}`);
    expect(await get({ port: listening.port })).toBe("hello");
  });

  test("[server/I1,C6] that is taken is an error of one line", async () => {
    const { port } = await useTcpServer();
    const error: unknown = await useListener(port).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(String(error)).toBe(`ListenError: Cannot listen: 127.0.0.1:${port} is already in use`);
  });

  test("[server/I1] an address of another machine is an error of one line", async () => {
    const address = { net: "tcp", host: "192.0.2.1", port: 0 } as const;
    await expect(listen(hello, httpConfig({ address }))).rejects.toThrow("Cannot listen: 192.0.2.1:0 is not an address of this machine");
  });

  test("[server/C7] drain() takes no new connections and lets requests under way finish, or cuts them off in the end", async () => {
    for (const finishes of [true, false]) {
      const entered = Promise.withResolvers<() => void>();
      const listening = await listen((_request, response) => entered.resolve(() => response.end("hello")), httpConfig());
      const answer = get({ port: listening.port }).catch(() => "cut off");
      const finish = await entered.promise;
      const drained = listening.drain(finishes ? 60_000 : 0);
      await expect(get({ port: listening.port })).rejects.toThrow("ECONNREFUSED");
      if (finishes) finish();
      expect([await answer, await drained]).toEqual(finishes ? ["hello", true] : ["cut off", false]);
    }
  });

  test("[server/C7] drain() lets a client that reads slowly have the rest of an answer that the handler has ended", async () => {
    const ended = Promise.withResolvers<void>();
    const body = Buffer.alloc(16 << 20);
    const listening = await listen((_request, response) => ended.resolve(void response.end(body)), httpConfig());
    const client = connect(listening.port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(client, "readable"); // and reads no more yet
    await ended.promise;
    const drained = listening.drain(60_000);
    let received = 0;
    for await (const chunk of client) received += (chunk as Buffer).byteLength;
    expect(received).toBeGreaterThan(body.byteLength);
    expect(await drained).toBe(true);
  });

  test("[server/C7] drain() does not wait for connections that a client keeps for later, or has sent nothing on", async () => {
    const entered = Promise.withResolvers<() => void>();
    const listening = await listen((_request, response) => entered.resolve(() => response.end("hello")), httpConfig());
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const silent = connect(listening.port, "127.0.0.1");
    await once(silent, "connect");
    const ended = once(silent.resume(), "close");
    const answer = get({ port: listening.port, agent });
    const finish = await entered.promise;
    const drained = listening.drain(60_000);
    finish();
    expect([await answer, await drained]).toEqual(["hello", true]);
    await ended;
  });
});

describe("sockets that systemd passes", () => {
  test("[server/I1] count for the process that they are meant for, and only one of them will do", () => {
    expect(passedSocket({ LISTEN_PID: "7", LISTEN_FDS: "1" }, 7)).toBe(3);
    for (const variables of [{}, { LISTEN_PID: "8", LISTEN_FDS: "1" }, { LISTEN_PID: "7" }, { LISTEN_PID: "7", LISTEN_FDS: "0" }])
      expect(passedSocket(variables, 7)).toBeUndefined();
    expect(() => passedSocket({ LISTEN_PID: "7", LISTEN_FDS: "2" }, 7)).toThrow(new ListenError("systemd passes 2 sockets, expected one"));
  });

  test("[server/I1] are listened at instead of the configured address", async () => {
    const { server, port } = await useTcpServer();
    const handle: unknown = Reflect.get(server, "_handle");
    const descriptor: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
    if (typeof descriptor !== "number") throw new Error("the server has no descriptor");
    const main = fileURLToPath(new URL("../testing/listen-and-say.test-kit.ts", import.meta.url));
    // the shell knows the process id before the program starts, as systemd does
    const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" --conditions=berth-source "$1"';
    const child = spawn("/bin/sh", ["-c", script, process.execPath, main], { stdio: ["pipe", "pipe", "inherit", descriptor] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const said = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.stdout?.setEncoding("utf8").once("data", resolve);
    });
    expect(said).toBe(`127.0.0.1:${port}\n`);
    await new Promise((resolve) => server.close(resolve)); // what is answered from now on, the child answers
    expect(await get({ port })).toBe("hello");
    child.stdin?.end();
    await new Promise((resolve) => child.once("exit", resolve));
    const refused = await new Promise<string>((resolve) => connect(port, "127.0.0.1").once("error", (error) => resolve(error.message)));
    expect(refused).toContain("ECONNREFUSED");
  });
});
