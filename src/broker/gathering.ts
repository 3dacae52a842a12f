/* Gathering: when a thread whose replies wait for the journal has a commit begin.
 *
 * A commit costs as much as a dozen commands or more, whatever is in it. If it began with the first
 * put that comes, all other puts would wait for a second commit. So the thread first reads from
 * connections that are about to send. It goes on until one of these is so:
 *
 *   as many replies are held as before the last batch left;
 *   nobody has sent for a while;
 *   it has taken as long as the last commit did.
 *
 * What comes later is read during the sync. A client that is alone waits for nobody. Owned by the
 * thread's side of the journal (host-journal.ts).
 */

/** What a gathering needs. */
export interface GatheringParts {
  /** Runs something once all connections that have sent something have been read. */
  readonly later: (run: () => void) => void;
  /** Milliseconds of a clock that never jumps. */
  readonly millis: () => number;
  /** How long the last commit took, in milliseconds. */
  readonly commitMillis: () => number;
  /** Commits, or has the committer do it. */
  readonly commit: () => void;
}

/**
 * Most time that is waited, however slow the disk is. It is enough to read from a hundred
 * connections.
 */
const MOST_MILLIS = 1;
/** The waiting ends when nobody has sent for this part of that time. */
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

  /** Notes that `count` replies are held back now. If there are any, a commit will begin. */
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
    if (this.#held > 0) this.#parts.commit();
  };

  #mayWait(): boolean {
    const now = this.#parts.millis();
    const most = Math.min(this.#parts.commitMillis(), MOST_MILLIS);
    if (this.#held > this.#seen) this.#cameAt = now;
    this.#seen = this.#held;
    return now - this.#since < most && now - this.#cameAt < most * QUIET_PART;
  }
}
