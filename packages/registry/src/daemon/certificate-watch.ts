import { statSync } from "node:fs";
import type { TlsConfig } from "../config/index.ts";
import type { Logger } from "../observability/log.ts";

const INTERVAL_MS = 30_000;

/** Loads certificates again when their files change, or at once on SIGHUP, so that a renewal needs no restart. */
export class CertificateWatch {
  readonly #tls: TlsConfig;
  readonly #reload: () => void;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  readonly #onHangup = (): void => this.#load();
  #seen: string;

  constructor(tls: TlsConfig, reload: () => void, log: Logger, intervalMs: number = INTERVAL_MS) {
    this.#tls = tls;
    this.#reload = reload;
    this.#log = log;
    this.#seen = this.#stamp();
    this.#timer = setInterval(() => this.#check(), intervalMs).unref();
    process.on("SIGHUP", this.#onHangup);
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#timer);
    process.off("SIGHUP", this.#onHangup);
  }

  #check(): void {
    if (this.#stamp() !== this.#seen) this.#load();
  }

  /** Files that do not fit together, as in the middle of a renewal, leave the former certificate in use; the next look tries again. */
  #load(): void {
    const stamp = this.#stamp();
    try {
      this.#reload();
      this.#seen = stamp;
      this.#log.info("loaded the TLS certificate again");
    } catch (error) {
      this.#log.warn("cannot load the TLS certificate, going on with the former one", { error });
    }
  }

  #stamp(): string {
    const { certificate, key, clientCas } = this.#tls;
    return [certificate, key, ...clientCas].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0).join();
  }
}
