import type { Duplex } from "node:stream";

/** Milliseconds that an answer may still take after writing failed. */
const GRACE_MS = 2_000;

type WriteCallback = (error?: Error | null) => void;

/**
 * Lets an answer arrive that was sent before the other side closed. A server that refuses a large body answers 401 and closes; our next
 * write fails then (EPIPE, ECONNRESET), and Node would destroy the socket together with the answer that waits in it unread. So a failed
 * write is held back until the reading side has come to its own end.
 */
export function readBeforeWriteFails<Socket extends Duplex>(socket: Socket): Socket {
  const hold = (callback: WriteCallback): WriteCallback => {
    return (error) => {
      if (!error || socket.destroyed || socket.readableEnded || !isClosedByPeer(error)) {
        callback(error);
        return;
      }
      const fail = (): void => {
        clearTimeout(timer);
        socket.off("end", fail).off("close", fail);
        callback(error);
      };
      const timer = setTimeout(fail, GRACE_MS);
      socket.once("end", fail).once("close", fail);
    };
  };
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, hold(callback));
  if (writev !== undefined) socket._writev = (chunks, callback) => writev.call(socket, chunks, hold(callback));
  return socket;
}

function isClosedByPeer(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET" || error.code === "ECONNABORTED");
}
