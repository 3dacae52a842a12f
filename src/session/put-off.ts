/* PutOff: the dead jobs of one shard that could not go to their dead-letter tubes, and when each is
 * tried again.
 *
 * The engine offers all that are to go, each in its turn. Those that are put off are passed over,
 * so that none of them holds up another one; when one more was passed over in a row than are put
 * off, all were, and there is nothing to do before the first of them is due. Until then they are
 * looked at only when the engine says that something has changed, and as many as there are. Used by
 * dead-letters.ts.
 */
import * as C from "../../assembly/constants.ts";

/** How long a job waits, in microseconds. */
const RETRY_MICROS = 1_000_000;

/** Those of one shard, for one thread. */
export class PutOff {
  /** When each is due, by its id. */
  readonly #dueMicros = new Map<number, number>();
  /** How many were passed over since another one was offered. */
  #passed = 0;
  /** When the first of them is due, if all that are to go are put off. */
  #firstDueMicros = 0;
  /** What the engine said when they were looked at last: leavingChanges. */
  #changes = -1;
  /** How many are to be passed over until all were looked at since that changed. */
  #unseen = 0;

  /** A job could not go. */
  add(id: number, now: number): void {
    this.#dueMicros.set(id, now + RETRY_MICROS);
  }

  /** No job is to go any more: those that were put off were deleted, or kicked, or have gone. */
  forget(): void {
    if (this.#dueMicros.size === 0) return;
    this.#dueMicros.clear();
    this.#passed = 0;
  }

  /**
   * So many jobs are looked at, since some may have come; false when there is no need: all were
   * looked at since the engine's `changes` were others, and none is due.
   */
  beginLook(count: number, changes: number, now: number): boolean {
    const all = this.#dueMicros.size + 1;
    if (changes !== this.#changes) this.#unseen = all;
    this.#changes = changes;
    if (this.#unseen <= 0 && this.nextDueMicros > now) return false;
    this.#passed = Math.max(0, Math.min(this.#passed, all - count));
    return true;
  }

  /** Whether a job that was offered is to wait on; if not, it is put off no more. */
  passes(id: number, now: number): boolean {
    const due = this.#dueMicros.get(id);
    if (due !== undefined && due > now) {
      this.#passed++;
      this.#unseen--;
      return true;
    }
    this.#passed = 0;
    this.#dueMicros.delete(id);
    return false;
  }

  /** Whether all that are to go are put off. Those that have gone otherwise are forgotten then. */
  hasSeenAll(now: number): boolean {
    if (!this.#isAll) return false;
    if (this.#firstDueMicros > now) return true;
    this.#firstDueMicros = C.NEVER_MICROS;
    for (const [id, due] of this.#dueMicros) {
      if (due <= now) this.#dueMicros.delete(id);
      else this.#firstDueMicros = Math.min(this.#firstDueMicros, due);
    }
    return true;
  }

  get #isAll(): boolean {
    return this.#passed > this.#dueMicros.size;
  }

  /** When there is something to do; at once unless all are put off. */
  get nextDueMicros(): number {
    return this.#isAll ? this.#firstDueMicros : 0;
  }
}
