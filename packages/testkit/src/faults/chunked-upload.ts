import { setTimeout as delay } from "node:timers/promises";
import { type Answer, type Call, ConnectionLostError } from "./call.ts";
import type { Random } from "./random.ts";

/** Between two looks at a session that a dead writer still holds. Milliseconds. */
const LEASE_POLL_MS = 100;
const MAX_POLLS = 150;

/** Who sends the requests of a {@link ChunkedUpload}. */
export interface UploadPeer {
  /** Makes one request, and reads its whole answer. */
  send(path: string, options?: Call): Promise<Answer>;
  /** Notes an answer that no registry should give. */
  complain(what: string, answer: Answer): void;
}

/** An open session and what is to go into it. */
export interface UploadPlan {
  /** Path and query of the session. */
  readonly location: string;
  readonly content: Buffer;
  readonly digest: string;
  /** Path of the blob that it becomes. */
  readonly blob: string;
}

/** Sends a blob in chunks; after a lost connection it asks how far the session is and goes on there, and tells when it fell behind. */
export class ChunkedUpload {
  readonly #peer: UploadPeer;
  readonly #plan: UploadPlan;
  readonly #random: Random;
  /** Bytes that an answer said are held. */
  #acknowledged = 0;
  /** The end of the furthest chunk that was sent. */
  #sent = 0;

  constructor(peer: UploadPeer, plan: UploadPlan, random: Random) {
    this.#peer = peer;
    this.#plan = plan;
    this.#random = random;
  }

  /** True when the blob was acknowledged; false when it must be sent anew. */
  async run(): Promise<boolean> {
    const chunks = 1 + this.#random.int(4);
    const size = Math.max(1, Math.ceil(this.#plan.content.byteLength / chunks));
    let polls = 0;
    for (;;) {
      try {
        const answer = await this.#sendNext(size);
        if (answer.status === 201) return true;
        if (answer.status === 202) {
          this.#acknowledged = this.#offsetOf(answer);
          if (this.#acknowledged !== this.#sent) this.#peer.complain(`PATCH up to ${this.#sent}`, answer);
          continue;
        }
        if (answer.status !== 416) {
          this.#peer.complain("chunk", answer);
          return false;
        }
        if (++polls > MAX_POLLS) {
          this.#peer.complain("a session stays held", answer);
          return false;
        }
        await delay(LEASE_POLL_MS);
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
      }
      const state = await this.#resume();
      if (state !== "goes on") return state === "became a blob";
    }
  }

  #sendNext(size: number): Promise<Answer> {
    const { content, digest, location } = this.#plan;
    const start = this.#acknowledged;
    const end = Math.min(start + size, content.byteLength);
    this.#sent = Math.max(this.#sent, end);
    const isLast = end === content.byteLength && (start === end || this.#random.chance(0.5));
    const range = start === end ? {} : { "content-range": `${start}-${end - 1}` };
    const headers = { "content-type": "application/octet-stream", ...range };
    const body = content.subarray(start, end);
    if (!isLast) return this.#peer.send(location, { method: "PATCH", headers, body });
    return this.#peer.send(`${location}${location.includes("?") ? "&" : "?"}digest=${digest}`, { method: "PUT", headers, body });
  }

  /** Asks the session how far it is. */
  async #resume(): Promise<"goes on" | "became a blob" | "is lost"> {
    for (;;) {
      try {
        const answer = await this.#peer.send(this.#plan.location);
        if (answer.status !== 204) return await this.#hasBecomeBlob(answer);
        const offset = this.#offsetOf(answer);
        if (offset < this.#acknowledged || offset > this.#sent) {
          this.#peer.complain(`a session holds ${offset} bytes: ${this.#acknowledged} were acknowledged, ${this.#sent} sent`, answer);
        }
        this.#acknowledged = offset;
        return "goes on";
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
      }
    }
  }

  /** A PUT may have been carried out before its answer was lost; otherwise a session must not go away. */
  async #hasBecomeBlob(answer: Answer): Promise<"became a blob" | "is lost"> {
    const head = await this.#peer.send(this.#plan.blob, { method: "HEAD" });
    if (head.status === 200) return "became a blob";
    this.#peer.complain("a session is gone", answer);
    return "is lost";
  }

  #offsetOf({ headers }: Answer): number {
    const exact = headers["berth-upload-offset"];
    if (typeof exact === "string") return Number(exact);
    const end = Number(/^0-(\d+)$/.exec(String(headers["range"]))?.[1] ?? -1);
    return end === 0 && this.#acknowledged === 0 && this.#sent === 0 ? 0 : end + 1;
  }
}
