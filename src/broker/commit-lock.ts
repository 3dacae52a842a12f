/* CommitLock: whose turn it is to commit: the committer's (committer.ts) or that of a thread that
 * leads (leader.ts).
 *
 * Invariants:
 * - Who has the lock, and nobody else, writes to the journal's segment, frees the rings, moves the
 *   commit's state (journal/commit-state.ts) and publishes. It is taken for one synchronous stretch
 *   of code and given back at its end: no thread returns to its event loop, or waits for another
 *   thread, while it has it. What is thrown meanwhile ends the process, so it is never given back
 *   then, and nobody publishes what may not have become safe. A sync that hangs hangs with the
 *   lock.
 * - The committer waits for the lock; threads only try. While it waits they find the lock taken, so
 *   it comes in after at most one commit.
 * - Threads lead only when the committer has said that they may; whoever leaves something to it
 *   takes that back. Either way the committer commits whatever it finds when it has its turn, so
 *   this decides who does it best, never whether it is done.
 *
 * Nobody is missed. A thread first says that it holds replies (or waits for room), then tries the
 * lock. A thread that leads publishes, gives the lock back, and then looks who waits, and wakes
 * them: who failed to get the lock had said that it waits before the lock was given back, and is
 * seen. Who finds the committer at it (or waiting, or in charge) wakes the committer, which forgets
 * that it was woken before it looks into the rings, publishes, looks who waits, and only then
 * sleeps. A thread that leads publishes what it holds itself, since that was in the rings before it
 * took the lock, or leaves it all to the committer and wakes it.
 */

/* Words, as indexes. */
const HOLDER = 0;
const IS_WANTED = 1;
const IS_LED = 2;
/** 32-bit words that a lock takes: cache lines of its own. */
export const COMMIT_LOCK_WORDS = 16;

/* Who holds it. */
const NOBODY = 0;
const COMMITTER = 1;
const LEADER = 2;

/** What trying gave. */
export type LockTry =
  /** The lock. */
  | "taken"
  /** Another thread leads, and is going to wake this one. */
  | "led"
  /** The committer has it, or waits for it. */
  | "committing";

/** One thread's view of the lock. */
export class CommitLock {
  readonly #words: Int32Array;

  /** The lock in those words, which begin as zeros: free, and the committer in charge. */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Whether threads may lead. */
  get isLed(): boolean {
    return Atomics.load(this.#words, IS_LED) !== 0;
  }

  /** Says whether threads may lead. For who has the lock. */
  setLed(isLed: boolean): void {
    Atomics.store(this.#words, IS_LED, isLed ? 1 : 0);
  }

  /** A thread wants to lead. */
  try(): LockTry {
    if (Atomics.load(this.#words, IS_WANTED) !== 0) return "committing";
    const holder = Atomics.compareExchange(this.#words, HOLDER, NOBODY, LEADER);
    if (holder === NOBODY) return "taken";
    return holder === LEADER ? "led" : "committing";
  }

  /** The committer's turn: waits until no thread leads. */
  lock(): void {
    const words = this.#words as Int32Array<SharedArrayBuffer>;
    Atomics.store(words, IS_WANTED, 1);
    for (;;) {
      const holder = Atomics.compareExchange(words, HOLDER, NOBODY, COMMITTER);
      if (holder === NOBODY) break;
      Atomics.wait(words, HOLDER, holder);
    }
    Atomics.store(words, IS_WANTED, 0);
  }

  /** Gives the lock back. */
  unlock(): void {
    Atomics.store(this.#words, HOLDER, NOBODY);
    if (Atomics.load(this.#words, IS_WANTED) !== 0) Atomics.notify(this.#words, HOLDER);
  }
}
