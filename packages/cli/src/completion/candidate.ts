/** Something that a word may be completed to. */
export interface Candidate {
  /** What stands there when it is chosen. */
  readonly value: string;
  /** A few words; empty: none. */
  readonly meaning: string;
}
