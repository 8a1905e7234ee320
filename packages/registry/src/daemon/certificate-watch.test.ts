import { rm, utimes, writeFile } from "node:fs/promises";
import { connect } from "node:tls";
import { type KeyPair, TestAuthority } from "@berth/testkit/tls";
import { expect, onTestFinished, test } from "vitest";
import type { TlsConfig } from "../config/index.ts";
import { httpConfig } from "../testing/http-config.test-kit.ts";
import { createRecordingLog, type RecordingLog } from "../testing/recording-log.test-kit.ts";
import { useTls } from "../testing/tls.test-kit.ts";
import { CertificateWatch } from "./certificate-watch.ts";
import { listen } from "./listen.ts";

interface Watched {
  readonly tls: TlsConfig;
  readonly log: RecordingLog;
  /** Writes new files, later than all before. */
  write(files: Partial<KeyPair>): Promise<void>;
  /** The certificate that a new connection is shown, as PEM. */
  shown(): Promise<string>;
}

async function useWatched(
  first: KeyPair,
  { intervalMs, http2 }: { readonly intervalMs: number; readonly http2: boolean },
): Promise<Watched> {
  const tls = await useTls(first);
  let writes = 0;
  const write = async (files: Partial<KeyPair>): Promise<void> => {
    const changedAt = new Date(Date.now() + ++writes * 1000); // the clock of a file system may be too coarse to tell two writes apart
    for (const [path, text] of [
      [tls.certificate, files.cert],
      [tls.key, files.key],
    ] as const) {
      if (text === undefined) continue;
      await writeFile(path, text);
      await utimes(path, changedAt, changedAt);
    }
  };
  const { port, reloadCertificates, drain } = await listen((_request, response) => response.end(), httpConfig({ tls, http2 }));
  onTestFinished(async () => void (await drain(0)));
  if (reloadCertificates === undefined) throw new Error("no certificates to load again");
  const log = createRecordingLog();
  const watch = new CertificateWatch(tls, reloadCertificates, log, intervalMs);
  onTestFinished(() => watch.close());
  return { tls, log, write, shown: () => certificateAt(port) };
}

async function certificateAt(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  try {
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    return socket.getPeerX509Certificate()?.toString() ?? "";
  } finally {
    socket.destroy();
  }
}

const authority = new TestAuthority();

const NEVER_MS = 2 ** 31 - 1;

test.each([true, false])("[server/I2] SIGHUP loads the certificate again, for connections to come (http2: %s)", async (http2) => {
  const [former, renewed] = [authority.issue(), authority.issue()];
  const watched = await useWatched(former, { intervalMs: NEVER_MS, http2 });
  expect(await watched.shown()).toBe(former.cert);
  await watched.write(renewed);
  expect(await watched.shown()).toBe(former.cert);
  process.emit("SIGHUP");
  expect(await watched.shown()).toBe(renewed.cert);
  expect(watched.log.lines).toMatchObject([{ level: "info", message: "loaded the TLS certificate again" }]);
});

test("[server/I2] files that changed are noticed; until they fit together, the former certificate stays", async () => {
  const [former, renewed] = [authority.issue(), authority.issue()];
  const watched = await useWatched(former, { intervalMs: 5, http2: true });
  await watched.write({ cert: renewed.cert });
  await expect.poll(() => watched.log.text()).toContain("cannot load the TLS certificate, going on with the former one");
  expect(await watched.shown()).toBe(former.cert);
  await watched.write({ key: renewed.key.slice(0, 80) });
  await expect.poll(() => watched.log.lines.length).toBeGreaterThan(2);
  expect(await watched.shown()).toBe(former.cert);
  await watched.write({ key: renewed.key });
  await expect.poll(() => watched.shown()).toBe(renewed.cert);
});

test("[server/I2] a file that is gone leaves the former certificate, and says so", async () => {
  const former = authority.issue();
  const watched = await useWatched(former, { intervalMs: NEVER_MS, http2: true });
  await rm(watched.tls.key);
  process.emit("SIGHUP");
  expect(watched.log.lines).toMatchObject([{ level: "warn" }]);
  expect(watched.log.text()).not.toContain("PRIVATE KEY");
  expect(await watched.shown()).toBe(former.cert);
});
