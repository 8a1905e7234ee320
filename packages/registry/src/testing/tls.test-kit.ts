import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { type KeyPair, TestAuthority } from "@berth/testkit/tls";
import type { TlsConfig } from "../config/index.ts";

/** Writes a certificate, by default a new one, and its key to files of the running test, and gives the configuration that names them. */
export async function useTls(pair: KeyPair = new TestAuthority().issue(), changes: Partial<TlsConfig> = {}): Promise<TlsConfig> {
  const folder = await temporaryFolder("tls");
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  await writeFile(certificate, pair.cert);
  await writeFile(key, pair.key);
  return {
    certificate,
    key,
    clientCas: [],
    clientAuth: "require-and-verify-client-cert",
    minimumTls: "tls1.2",
    cipherSuites: [],
    ...changes,
  };
}
