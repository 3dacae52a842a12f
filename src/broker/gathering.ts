/* Gathering: when a thread whose replies wait for the journal has a commit begin.
 *
 * A commit costs as much as a dozen commands or more, whatever is in it. If it began with the first
 * put that comes, all other puts would wait for a second commit. So the thread first reads from
 * connections that are about to send. It goes on until one of these is so:
 *
 *   as many replies are held as before the last batch left;
 *   looking for more costs more than it saves;
 *   it has taken twice as long as the last commit did.
 *
 * A look that brings nothing costs a turn of the event loop; a reply that comes in time saves its
 * part of a commit, which is the smaller the more share it. So whoever holds few replies looks in
 * vain more often than who holds many, and time counts only while every look brings something.
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
/**
 * What a commit costs, in looks that bring nothing: one for each such part of the time that the
 * last one took, and so many at most, since the rest of a longer one is the disk's time.
 */
const LOOK_MILLIS = 0.008;
const LOOKS_MOST = 20;

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
  /** Looks in a row that brought nothing. */
  #vainLooks = 0;
  /** When the waiting began, in milliseconds. */
  #since = 0;

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
    this.#vainLooks = 0;
    this.#since = this.#parts.millis();
    this.#parts.later(this.#look);
  }

  readonly #look = (): void => {
    if (this.#held > 0 && this.#held < this.#expected && this.#mayWait()) {
      this.#parts.later(this.#look);
      return;
    }
    this.#isOn = false;
    if (this.#held > 0) this.#parts.commit();
  };

  #mayWait(): boolean {
    const { millis, commitMillis } = this.#parts;
    this.#vainLooks = this.#held > this.#seen ? 0 : this.#vainLooks + 1;
    this.#seen = this.#held;
    const commitTook = commitMillis();
    const worth = Math.min(commitTook / LOOK_MILLIS, LOOKS_MOST) / this.#held;
    return (
      this.#vainLooks < worth && millis() - this.#since < Math.min(2 * commitTook, MOST_MILLIS)
    );
  }
}
