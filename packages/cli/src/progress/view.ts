import type { TransferEvent } from "@berth/transfer";
import type { RateWait } from "../connect/rate-watch.ts";

/** Shows how an operation goes. */
export interface ProgressView {
  /** Never waits. */
  take(event: TransferEvent): void;
  /** Tells that a registry asked to slow down. False: it is not shown. */
  tell(wait: RateWait): boolean;
  /** Ends the show: the cursor is back, and nothing more is drawn. Ending again does nothing. */
  end(): void;
}

/** Shows nothing. */
export const NO_PROGRESS: ProgressView = { take: () => undefined, tell: () => false, end: () => undefined };
