/** Something that a word may be completed to. */
export interface Candidate {
  readonly value: string;
  /** A few words; empty: none. */
  readonly meaning: string;
}
