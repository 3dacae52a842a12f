/* Gathering: when a thread whose replies wait for the journal has the committer begin.
 *
 * A commit costs about as much whatever is in it, as much as a dozen commands or more, so one that
 * begins with the first put that comes makes everyone wait for the second. The thread first hears
 * whoever is about to speak: until as many replies are held as were when the last commit was told,
 * or nobody has come for a while, or it has taken as long as that commit did. What it hears after
 * that is heard during the sync. A client that is alone waits for nobody. Owned by the thread's
 * side of the journal (host-journal.ts).
 */

/** What a gathering needs. */
export interface GatheringParts {
  /** Runs something once all connections that have something to say have been heard. */
  readonly later: (run: () => void) => void;
  /** Milliseconds of a clock that never jumps. */
  readonly millis: () => number;
  /** How long the last commit took, in milliseconds. */
  readonly commitMillis: () => number;
  /** Has the committer begin. */
  readonly wake: () => void;
}

/**
 * However slow the disk is, nobody is waited for longer than this: it is time enough to hear a
 * hundred connections.
 */
const MOST_MILLIS = 1;
/** The part of that time in which somebody must come, or nobody is waited for any more. */
const QUIET_PART = 1 / 8;

/** One thread's gathering. */
export class Gathering {
  readonly #parts: GatheringParts;
  #isOn = false;
  /** Replies held now. */
  #held = 0;
  /** Replies held at the last look. */
  #seen = 0;
  /** Replies held when the last batch left: as many are expected again. */
  #expected = 0;
  /** When the waiting began, in milliseconds. */
  #since = 0;
  /** When the last reply came, in milliseconds. */
  #cameAt = 0;

  constructor(parts: GatheringParts) {
    this.#parts = parts;
  }

  /** So many replies are held back now. If there are any, the committer is going to begin. */
  held(count: number): void {
    if (count < this.#held) this.#expected = this.#held;
    this.#held = count;
    if (this.#isOn || count === 0) return;
    this.#isOn = true;
    this.#seen = 0;
    this.#since = this.#parts.millis();
    this.#cameAt = this.#since;
    this.#parts.later(this.#look);
  }

  readonly #look = (): void => {
    if (this.#held < this.#expected && this.#mayWait()) {
      this.#parts.later(this.#look);
      return;
    }
    this.#isOn = false;
    if (this.#held > 0) this.#parts.wake();
  };

  #mayWait(): boolean {
    const now = this.#parts.millis();
    const most = Math.min(this.#parts.commitMillis(), MOST_MILLIS);
    if (this.#held > this.#seen) this.#cameAt = now;
    this.#seen = this.#held;
    return now - this.#since < most && now - this.#cameAt < most * QUIET_PART;
  }
}
