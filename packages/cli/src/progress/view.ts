import type { TransferEvent } from "@berth/transfer";

/** Shows how an operation goes. */
export interface ProgressView {
  /** Never waits. */
  take(event: TransferEvent): void;
  /** Ends the show: the cursor is back, and nothing more is drawn. Ending again does nothing. */
  end(): void;
}

/** Shows nothing. */
export const NO_PROGRESS: ProgressView = { take: () => undefined, end: () => undefined };
