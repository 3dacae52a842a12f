/* Leader: what an I/O thread does when it has gathered replies that wait for the journal: it
 * commits itself, for all threads, unless somebody is at it or the committer does it better.
 *
 * Two hops between threads cost a client that is alone as much as the sync. A thread that leads
 * hears nobody meanwhile, though, so where much has gathered, which the disk can take while the
 * thread hears more, and where syncs take long, the committer is put in charge until that has
 * passed. Who may do what when, and why nobody is missed, is in commit-lock.ts. Made by
 * open-host.ts for threads whose runtime has files that a thread may wait for; the thread that has
 * the broker never leads.
 */
import type { Lead, LeadOutcome } from "../journal/lead.ts";
import type { Common } from "../engine/common.ts";
import type { JournalBoard } from "./journal-board.ts";

/**
 * So many bytes in the rings are left to the committer, which then overlaps with the threads. On
 * one busy core connections with 64 jobs at a time (100 KB in a commit) cost less CPU when a thread
 * led, those with 512 (1.5 MB) cost more; where between the two it turns was not resolved.
 */
export const DEEP_BYTES = 524_288;
/** Where a commit takes longer, this thread had better not wait for it. */
export const LONG_MILLIS = 20;

/** What a leader needs. */
export interface LeaderParts {
  readonly thread: number;
  readonly common: Common;
  readonly board: JournalBoard;
  readonly lead: Lead;
  /** Milliseconds, never running backwards. */
  readonly millis: () => number;
  /** The journal failed: nothing may go on. */
  readonly failed: (error: unknown) => never;
}

/** One thread's part in committing. */
export class Leader {
  readonly #parts: LeaderParts;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
  }

  /**
   * Has all that stands in the rings brought to the disk; true when this thread did, and what it
   * holds may leave. Otherwise it is woken when it may.
   */
  commit(): boolean {
    const { board, lead } = this.#parts;
    const { lock } = board;
    if (!lock.isLed) return this.#leave();
    const found = lock.try();
    if (found !== "taken") return found === "committing" && this.#leave();
    const isDeep = lead.waitingBytes >= DEEP_BYTES;
    const outcome = isDeep ? "left" : this.#lead();
    if (outcome === "left") lock.setLed(false);
    lock.unlock();
    this.#tell();
    if (outcome !== "published") board.wakeCommitter();
    return outcome !== "left";
  }

  #lead(): LeadOutcome {
    const { board, lead, millis, failed } = this.#parts;
    const began = millis();
    let outcome: LeadOutcome;
    try {
      outcome = lead.commit();
    } catch (error) {
      return failed(error); // with the lock: nobody goes on
    }
    const took = millis() - began;
    board.setCommitMillis(took);
    if (took >= LONG_MILLIS) board.lock.setLed(false);
    return outcome;
  }

  /** Leaves it to the committer. */
  #leave(): false {
    this.#parts.board.wakeCommitter();
    return false;
  }

  /** Wakes the others who wait. */
  #tell(): void {
    const { board, common, thread } = this.#parts;
    const { low, high } = board.waiting(common.seats);
    const isLow = thread < 32;
    const others = isLow ? low & ~(1 << thread) : low;
    const othersHigh = isLow ? high : high & ~(1 << (thread - 32));
    if ((others | othersHigh) !== 0) common.wakeThreads(others, othersHigh);
  }

  /** Lets go of what is not written to any more: to be called when the thread was woken. */
  woken(): void {
    this.#parts.lead.closePast();
  }
}
