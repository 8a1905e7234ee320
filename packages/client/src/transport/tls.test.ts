import { execFile } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ScriptedRegistry, startScriptedRegistry } from "@berth/testkit/scripted";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { TestAuthority } from "@berth/testkit/tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { defaultCertsDirs, loadHostCertificates } from "./certs-d.ts";
import { drain } from "./drain.ts";
import { failureOfCall, fakeRequest } from "./testing/fake-transport.test-kit.ts";
import type { TlsOptions } from "./tls-options.ts";
import type { Transport } from "./transport.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "./undici-transport.ts";

const authority = new TestAuthority();
const server = authority.issue();

async function tlsRegistry(pair = server, clientCa?: string): Promise<ScriptedRegistry> {
  const started = await startScriptedRegistry({ tls: { ...pair, ...(clientCa && { clientCa }) } });
  onTestFinished(() => started.close());
  return started.on("GET", "/v2/", { status: 200 });
}

async function get(registry: ScriptedRegistry, options: UndiciTransportOptions, url: string = registry.url): Promise<number> {
  const send = createUndiciTransport({ certsDirs: [], proxy: false, ...options });
  onTestFinished(() => send.close());
  const response = await send(fakeRequest(`${url}/v2/`, { operation: "ping registry" }));
  await drain(response);
  return response.status;
}

test("[client/A-3] an unknown authority is refused with advice; insecure holds for one transport only", async () => {
  const registry = await tlsRegistry();
  const error = await failureOfCall(get(registry, {}));
  expect(error).toMatchObject({
    code: "ERR_NETWORK",
    retryable: false,
    message: expect.stringMatching(
      /^Cannot ping registry: no answer from "127\.0\.0\.1:\d+": its certificate .*; give its certificate authority with the tls\.ca option, in certs\.d/,
    ),
  });
  expect(await get(registry, { tls: { insecure: true } })).toBe(200);
  expect(await failureOfCall(get(registry, {}))).toMatchObject({ code: "ERR_NETWORK" });
  expect(process.env["NODE_TLS_REJECT_UNAUTHORIZED"]).toBeUndefined();
});

test("[client/N-9,X-7] authorities given by option are trusted, besides the usual ones or alone", async () => {
  const registry = await tlsRegistry();
  expect(await get(registry, { tls: { ca: authority.cert } })).toBe(200);
  expect(await get(registry, { tls: { ca: [Buffer.from(authority.cert)], onlyOwnCa: true, minVersion: "TLSv1.3" } })).toBe(200);
  expect(await failureOfCall(get(registry, { tls: { ca: new TestAuthority("another").cert } }))).toMatchObject({ code: "ERR_NETWORK" });
});

test("[client/X-7] authorities that hold no certificate are an error, not passed over", async () => {
  const registry = await tlsRegistry();
  for (const ca of ["", "root:x:0:0", Buffer.from([0x30, 0x82, 1, 2]), [authority.cert, "-----BEGIN PRIVATE KEY-----"]]) {
    expect(await failureOfCall(get(registry, { tls: { ca } }))).toMatchObject({
      code: "ERR_CERTIFICATES",
      message: `Cannot use certificates for "${registry.host}": what should hold authorities (tls.ca) has no certificate in PEM form`,
    });
  }
});

test("[client/X-7] the name in the certificate counts, also on a port of its own, unless another one is asked for", async () => {
  const registry = await tlsRegistry(authority.issue({ names: ["reg.test"] }));
  const ca = authority.cert;
  expect(await failureOfCall(get(registry, { tls: { ca } }))).toMatchObject({
    message: expect.stringContaining("its certificate is for another name; use a name that the certificate holds"),
  });
  expect(await get(registry, { tls: { ca, servername: "reg.test" } })).toBe(200);
  const local = await tlsRegistry();
  expect(await get(local, { tls: { ca } }, local.url.replace("127.0.0.1", "localhost"))).toBe(200);
});

test("[client/X-7] no older version of TLS is spoken than the one that is wanted", async () => {
  const old = createServer({ ...server, maxVersion: "TLSv1.2" }, (_, response) => response.end());
  old.listen(0, "127.0.0.1");
  await once(old, "listening");
  onTestFinished(() => {
    old.close();
    old.closeAllConnections();
  });
  const url = `https://127.0.0.1:${(old.address() as AddressInfo).port}`;
  const ask = async (minVersion: "TLSv1.2" | "TLSv1.3"): Promise<number> => {
    const send = createUndiciTransport({ certsDirs: [], proxy: false, tls: { ca: authority.cert, minVersion } });
    onTestFinished(() => send.close());
    const response = await send(fakeRequest(`${url}/v2/`));
    await drain(response);
    return response.status;
  };
  expect(await ask("TLSv1.2")).toBe(200);
  expect(await failureOfCall(ask("TLSv1.3"))).toMatchObject({
    code: "ERR_NETWORK",
    retryable: false,
    message: expect.stringContaining("no TLS version suits both sides; see the tls.minVersion option"),
  });
});

test("an expired certificate is said to be expired", async () => {
  const registry = await tlsRegistry(authority.issue({ notAfter: new Date(Date.now() - 60_000) }));
  expect(await failureOfCall(get(registry, { tls: { ca: authority.cert } }))).toMatchObject({
    message: expect.stringContaining("its certificate has expired"),
  });
});

test("[client/X-7] a client proves itself with a certificate", async () => {
  const registry = await tlsRegistry(server, authority.cert);
  const client = authority.issue({ names: ["alice"] });
  const ca = authority.cert;
  expect(await get(registry, { tls: { ca, ...client } })).toBe(200);
  expect(await failureOfCall(get(registry, { tls: { ca } }))).toMatchObject({ code: "ERR_NETWORK" });
  expect(await failureOfCall(get(registry, { tls: { ca, cert: client.cert, key: server.key } }))).toMatchObject({
    code: "ERR_CERTIFICATES",
  });
});

test("[client/X-7] a registry that wants a client certificate is told from one that is broken: its alert comes behind the handshake", async () => {
  const registry = await tlsRegistry(server, authority.cert);
  expect(await failureOfCall(get(registry, { tls: { ca: authority.cert } }))).toMatchObject({
    retryable: false,
    message: expect.stringMatching(/: it wants a client certificate; give one with tls\.cert and tls\.key, or in certs\.d/),
  });
});

test("[client/X-7] what is wrong with a key is said", async () => {
  const registry = await tlsRegistry();
  const { cert, key } = authority.issue({ names: ["alice"] });
  const encrypted = createPrivateKey(key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "sesame" });
  const reason = async (tls: TlsOptions): Promise<string> => String(await failureOfCall(get(registry, { tls: { cert, ...tls } })));
  expect(await reason({ key: server.key })).toContain(": the key is not that of the certificate");
  expect(await reason({ key: encrypted })).toContain(": the key is encrypted, and there is no passphrase for it");
  expect(await reason({ key: encrypted, passphrase: "simsim" })).toContain(": the passphrase does not open the key");
  expect(await reason({ key: "no key" })).toContain(": a certificate or key is malformed, or they do not belong together");
});

test("[client/X-7,N-9] certs.d holds authorities and client certificates for each host", async () => {
  const registry = await tlsRegistry(server, authority.cert);
  const dir = await temporaryFolder("certs");
  const own = join(dir, registry.host);
  await mkdir(own);
  const client = authority.issue({ names: ["alice"] });
  await writeFile(join(own, "ca.crt"), authority.cert);
  await writeFile(join(own, "client.cert"), client.cert);
  await writeFile(join(own, "client.key"), client.key);
  expect(await get(registry, { certsDirs: ["/nowhere/certs.d", dir] })).toBe(200);
  const other = await tlsRegistry();
  expect(await failureOfCall(get(other, { certsDirs: [dir] }))).toMatchObject({ code: "ERR_NETWORK" });
});

test("[client/X-7] a transport that is told of no certs.d looks where docker and the containers tools do", async () => {
  const registry = await tlsRegistry();
  const home = await temporaryFolder("certs");
  await mkdir(join(home, "containers", "certs.d", registry.host), { recursive: true });
  await writeFile(join(home, "containers", "certs.d", registry.host, "ca.crt"), authority.cert);
  vi.stubEnv("XDG_CONFIG_HOME", home);
  onTestFinished(() => void vi.unstubAllEnvs());
  const send = createUndiciTransport({ proxy: false });
  onTestFinished(() => send.close());
  const response = await send(fakeRequest(`${registry.url}/v2/`));
  await drain(response);
  expect(response.status).toBe(200);
  const system = ["/etc/containers/certs.d", "/etc/docker/certs.d"];
  expect(defaultCertsDirs({ XDG_CONFIG_HOME: "/xdg", HOME: "/home/a" })).toEqual(["/xdg/containers/certs.d", ...system]);
  expect(defaultCertsDirs({ HOME: "/home/a" })).toEqual(["/home/a/.config/containers/certs.d", ...system]);
});

test("[client/X-7] the server is told which name is wanted, also on a port of its own", async () => {
  const names: string[] = [];
  const named = createServer({ ...server, SNICallback: (name, done) => (names.push(name), done(null)) }, (_, response) => response.end());
  named.listen(0, "127.0.0.1");
  await once(named, "listening");
  onTestFinished(() => {
    named.close();
    named.closeAllConnections();
  });
  const { port } = named.address() as AddressInfo;
  const send = createUndiciTransport({ certsDirs: [], proxy: false, tls: { ca: authority.cert } });
  onTestFinished(() => send.close());
  await drain(await send(fakeRequest(`https://localhost:${port}/v2/`)));
  expect(names).toEqual(["localhost"]);
});

test("[client/X-7] certs.d is read as docker and the containers tools read it", async () => {
  const [first, second] = [await temporaryFolder("certs"), await temporaryFolder("certs")];
  const put = async (dir: string, host: string, ...files: readonly string[]): Promise<void> => {
    await mkdir(join(dir, host), { recursive: true });
    for (const file of files) await writeFile(join(dir, host, file), file);
  };
  await put(first, "a.test", "b.crt", "a.crt", "me.cert", "me.key", "README");
  await put(second, "a.test", "other.crt");
  await put(second, "b.test:443", "c.crt");
  await put(second, "lonely.test", "me.cert");
  await put(second, "swapped.test", "me.crt", "me.key");
  await put(second, "empty.test");
  await mkdir(join(second, "folder.test", "a.crt"), { recursive: true });
  const dirs = [first, second];
  expect(await loadHostCertificates("a.test", dirs)).toEqual({ ca: ["a.crt", "b.crt"], cert: ["me.cert"], key: ["me.key"] });
  expect(await loadHostCertificates("b.test", dirs)).toEqual({ ca: ["c.crt"], cert: [], key: [] });
  expect(await loadHostCertificates("empty.test", dirs)).toEqual({ ca: [], cert: [], key: [] });
  expect(await loadHostCertificates("c.test", dirs)).toBeUndefined();
  await expect(loadHostCertificates("lonely.test", dirs)).rejects.toThrow(
    `Cannot use certificates for "lonely.test": "${join(second, "lonely.test", "me.cert")}" has no "me.key" beside it`,
  );
  await expect(loadHostCertificates("swapped.test", dirs)).rejects.toThrow(
    `"${join(second, "swapped.test", "me.key")}" has no "me.cert" beside it; ".crt" is for authorities`,
  );
  await expect(loadHostCertificates("folder.test", dirs)).rejects.toThrow(
    `Cannot use certificates for "folder.test": "${join(second, "folder.test", "a.crt")}" cannot be read: it is a folder`,
  );
});

test("[client/N-9] NODE_EXTRA_CA_CERTS is trusted, also together with the ca option", async () => {
  const registry = await tlsRegistry();
  const dir = await temporaryFolder("certs");
  await writeFile(join(dir, "extra.pem"), authority.cert);
  await writeFile(join(dir, "other.pem"), new TestAuthority("another").cert);
  const script = `
    import { readFileSync } from "node:fs";
    import { createUndiciTransport } from ${JSON.stringify(new URL("undici-transport.ts", import.meta.url).href)};
    for (const tls of [{}, { ca: readFileSync(${JSON.stringify(join(dir, "other.pem"))}) }]) {
      const send = createUndiciTransport({ tls, certsDirs: [], proxy: false });
      const response = await send({ method: "GET", url: new URL(${JSON.stringify(`${registry.url}/v2/`)}), headers: {} });
      response.body.resume();
      process.stdout.write(String(response.status) + " ");
      await send.close();
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=berth-source", "--input-type=module", "--eval", script], {
    env: { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: join(dir, "extra.pem") },
  });
  expect(stdout).toBe("200 200 ");
});

test("plain HTTP where TLS was expected is named", async () => {
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  expect(await failureOfCall(get(registry, {}, registry.url.replace("http:", "https:")))).toMatchObject({
    code: "ERR_NETWORK",
    retryable: false,
    message: expect.stringContaining("the answer to HTTPS is not TLS; it speaks plain HTTP: use an http:// address"),
  });
});

test("[client/N-6,N-7] over TLS too, early answers are read and idle races cost nothing", async () => {
  const registry = await tlsRegistry();
  registry.on("PUT", "/x", { status: 401, early: true, headers: { connection: "close" } });
  registry.on("GET", "/y", { status: 200 }, { cutAfter: -1 }, { status: 200 });
  const transport = (): Transport => {
    const made = createUndiciTransport({ certsDirs: [], proxy: false, tls: { ca: authority.cert } });
    onTestFinished(() => made.close());
    return made;
  };
  const bytes = Buffer.alloc(50 << 20);
  const body = { size: bytes.byteLength, replayable: true, bytes, open: () => expect.unreachable("the bytes will do") };
  const early = await transport()(fakeRequest(`${registry.url}/x`, { method: "PUT", body }));
  await drain(early);
  const statuses = [early.status];
  const send = transport();
  for (let round = 0; round < 2; round++) {
    const response = await send(fakeRequest(`${registry.url}/y`));
    await drain(response);
    statuses.push(response.status);
  }
  expect([statuses, registry.journal("GET").length]).toEqual([[401, 200, 200], 3]);
});

test("[client/N-8] a port that never says a word of TLS ends the handshake in time", async () => {
  const { createServer } = await import("node:net");
  const silent = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const send = createUndiciTransport({ certsDirs: [], proxy: false, tlsTimeoutMs: 50 });
  onTestFinished(() => send.close());
  expect(await failureOfCall(send(fakeRequest(`https://127.0.0.1:${port}/`)))).toMatchObject({
    code: "ERR_NETWORK",
    message: expect.stringContaining("the TLS handshake took too long"),
  });
});
