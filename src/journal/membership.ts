/* Membership: which segments belong to a journal, as its own frames say, and so which of them are
 * missing.
 *
 * Told by recovery of each segment and of each frame that counts, in their order. The last list
 * counts, with what was begun and what went since. Where something could not be read that might
 * have said that a segment went, nobody knows: then none is called missing, as damage is reported
 * anyway. Segments that were written before version 3 of the format say nothing.
 */

import type { FrameHeader } from "./format.ts";

/** The segments that belong to a journal. */
export class Membership {
  readonly #members = new Set<number>();
  /** Something that may have been said could not be read. */
  #isDoubtful = false;

  /** This segment was begun, and its header can be read. */
  begin(number: number): void {
    this.#members.add(number);
  }

  /** A frame of it. */
  hear({ statement }: FrameHeader): void {
    if (statement === undefined) return;
    const { kind, from, runs } = statement;
    if (kind === "members") {
      this.#isDoubtful = false;
      for (const number of this.#members) if (number >= from) this.#members.delete(number);
    }
    for (const { first, last } of runs) {
      for (let number = first; number <= last; number++) {
        if (kind === "members") this.#members.add(number);
        else this.#members.delete(number);
      }
    }
  }

  /** Something behind what was told last could not be read. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** Those that belong to the journal and are not there. */
  missing(present: ReadonlySet<number>): readonly number[] {
    if (this.#isDoubtful) return [];
    return [...this.#members].filter((number) => !present.has(number)).toSorted((a, b) => a - b);
  }
}
