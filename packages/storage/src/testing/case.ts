import type { StorageDriver } from "../driver.ts";

/** What a driver may lack when its store cannot do it; each needs a reason. All else in the contract is asked of every driver. */
export type DriverCapability =
  /** A write can be seen at its path only after `commit`. */
  | "hiddenUntilCommit"
  /** `writer(path, { keep })` goes on with a file that was committed. */
  | "resumeCommitted"
  /** `list` of a missing path throws; object stores have no folders and may say that it is empty. */
  | "listMissing"
  /** `move` takes folders. */
  | "moveFolders";

/** What a case works with. */
export interface CaseContext {
  readonly driver: StorageDriver;
  /** Bytes of the long stream. */
  readonly streamBytes: number;
}

/** One thing that the contract asks. */
export interface DriverCase {
  readonly title: string;
  /** Set when a driver may declare that it cannot do this. */
  readonly capability?: DriverCapability;
  /** Rejects when the driver does not do what the title says. */
  run(context: CaseContext): Promise<void>;
}
