import { type ReplayableSource, replayableSource } from "@berth/oci";

/** A source that remembers how it was read. */
export interface RecordingSource extends ReplayableSource {
  /** Where it was opened, in order. */
  readonly offsets: readonly number[];
  /** Bytes that were read, in all. */
  readonly bytesRead: number;
}

/** How {@link recordingSource} misbehaves; `attempt` counts from 0. */
export interface Misbehaviour {
  /** Gives the place at which the attempt fails; undefined: it does not. */
  readonly cutAt?: (attempt: number) => number | undefined;
  /** Gives other bytes instead. */
  readonly tamper?: (bytes: Uint8Array, attempt: number, offset: number) => Uint8Array;
}

/** The error of a cut. */
export const CUT: Error = new Error("the connection was cut");

/** A source of these bytes, in chunks as a network gives them. */
export function recordingSource(bytes: Uint8Array, { cutAt, tamper }: Misbehaviour = {}): RecordingSource {
  const offsets: number[] = [];
  let bytesRead = 0;
  async function* read(offset: number): AsyncGenerator<Uint8Array> {
    const attempt = offsets.push(offset) - 1;
    const rest = tamper?.(bytes.subarray(offset), attempt, offset) ?? bytes.subarray(offset);
    const cut = cutAt?.(attempt);
    for (let at = 0; at < rest.byteLength; at += 65_536) {
      if (cut !== undefined && offset + at >= cut) throw CUT;
      const chunk = rest.subarray(at, at + 65_536);
      bytesRead += chunk.byteLength;
      yield chunk;
    }
  }
  return Object.defineProperties(replayableSource(bytes.byteLength, read), {
    offsets: { get: () => offsets },
    bytesRead: { get: () => bytesRead },
  }) as RecordingSource;
}
