import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.ts";
import { requirePart } from "./part.ts";

/** A certificate and its key: as files at `certPath` and `keyPath`, and as PEM texts, `cert` and `key`. */
export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

/** A private authority that nobody trusts by nature. */
export interface Authority {
  readonly ca: Certificate;
  /** For a server on 127.0.0.1 or localhost. */
  readonly server: Certificate;
  /** For a client of the name `alice`. */
  readonly client: Certificate;
}

const EXTENSIONS = {
  ca: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature",
  server: "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth",
  client: "extendedKeyUsage=clientAuth",
};

/** Makes an authority in a folder, with certificates of a server and a client, by the real `openssl`. @throws {MissingPartError} */
export async function createAuthority(folder: string): Promise<Authority> {
  const ca = await issue(folder, "ca", "Berth test authority");
  return { ca, server: await issue(folder, "server", "127.0.0.1", ca), client: await issue(folder, "client", "alice", ca) };
}

async function issue(folder: string, kind: keyof typeof EXTENSIONS, commonName: string, signer?: Certificate): Promise<Certificate> {
  const file = (suffix: string): string => join(folder, `${kind}.${suffix}`);
  const sections = `[req]\ndistinguished_name=name\nx509_extensions=extensions\n[name]\n[extensions]\n${EXTENSIONS[kind]}\n`;
  await writeFile(file("cnf"), sections);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file("key")];
  const signed = signer === undefined ? [] : ["-CA", signer.certPath, "-CAkey", signer.keyPath];
  const args = ["req", "-x509", "-config", file("cnf"), "-subj", `/CN=${commonName}`, "-days", "2", ...key, ...signed, "-out", file("crt")];
  await run(requirePart("openssl").command("openssl"), args);
  return {
    certPath: file("crt"),
    keyPath: file("key"),
    cert: await readFile(file("crt"), "utf8"),
    key: await readFile(file("key"), "utf8"),
  };
}
