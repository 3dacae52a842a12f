/* CopyBoard: where those meet who keep a copy of the journal elsewhere, and those who may hand out
 * and acknowledge nothing when this server leads no more: a part of the common memory.
 *
 * The committer says what it gave away, the replicator (replicator.ts) what has got there, and
 * until when this server leads by the clock that all threads share. All threads may show how far
 * the copy is. Without one nothing of it is read or written.
 */
import type { CopyFigures } from "../session/session-journal.ts";

/* 32-bit words. */
/** Bytes that the replicator has not sent yet. */
const WAITING_BYTES = 0;
/** The number of the committer's last note that counts. */
const NOTED = 1;
const ENDED = 2;
const STANDBYS = 3;
/** The committer, which is woken for it, is to tell that this server shall step down. */
const STEPS_DOWN = 4;
const WORDS = 16;
/* Numbers. */
const LEADS_UNTIL = 0;
const EPOCH = 1;
const POSITION = 2;
const BEHIND_SINCE = 3;
const NUMBERS = 8;

/** Bytes that the board takes. */
export const COPY_BOARD_BYTES = WORDS * 4 + NUMBERS * 8;

/** Most milliseconds for which who stops waits for the copy. */
export const COPY_END_MILLIS = 30_000;

/** One thread's view of the board. */
export class CopyBoard {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #numbers: Float64Array;

  /** The board at `offset`, a multiple of 8, of the common memory. */
  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(buffer, offset, WORDS);
    this.#numbers = new Float64Array(buffer, offset + WORDS * 4, NUMBERS);
  }

  /** Until when this server leads, in milliseconds of the common clock. */
  get leadsUntil(): number {
    return this.#numbers[LEADS_UNTIL] ?? 0;
  }

  set leadsUntil(millis: number) {
    this.#numbers[LEADS_UNTIL] = millis;
  }

  /** This server leads in that epoch. */
  setLeading(epoch: number, standbys: number): void {
    this.#numbers[EPOCH] = epoch;
    Atomics.store(this.#words, STANDBYS, standbys);
  }

  /**
   * The newest entry that is known to be there, and since when the oldest of what was given waits,
   * in milliseconds of the common clock; undefined if nothing does.
   */
  setReached(position: number, behindSince: number | undefined): void {
    this.#numbers[POSITION] = position;
    this.#numbers[BEHIND_SINCE] = behindSince ?? 0;
  }

  /** How far the copy is at that moment of the common clock. */
  figures(nowMillis: number): CopyFigures {
    const behindSince = this.#numbers[BEHIND_SINCE] ?? 0;
    return {
      epoch: this.#numbers[EPOCH] ?? 0,
      position: this.#numbers[POSITION] ?? 0,
      lagBytes: this.waitingBytes,
      lagMillis: behindSince === 0 ? 0 : Math.max(0, nowMillis - behindSince),
      standbys: Atomics.load(this.#words, STANDBYS),
      leaseMillis: Math.max(0, this.leadsUntil - nowMillis),
    };
  }

  /** So many bytes more, or fewer, have been given to the replicator and not been sent. */
  countWaiting(bytes: number): void {
    Atomics.add(this.#words, WAITING_BYTES, bytes);
    if (bytes < 0) Atomics.notify(this.#words, WAITING_BYTES);
  }

  get waitingBytes(): number {
    return Atomics.load(this.#words, WAITING_BYTES);
  }

  /** Blocks until there are others, or for that long. */
  awaitSent(millis: number): void {
    const waiting = Atomics.load(this.#words, WAITING_BYTES);
    Atomics.wait(this.#words, WAITING_BYTES, waiting, millis);
  }

  /** A client asked that this server lead no more. */
  askToStepDown(): void {
    Atomics.store(this.#words, STEPS_DOWN, 1);
  }

  /** Whether somebody asked for it since this was called last. */
  takeStepDown(): boolean {
    return Atomics.exchange(this.#words, STEPS_DOWN, 0) === 1;
  }

  /** The number of the last note of which all is elsewhere. */
  get noted(): number {
    return Atomics.load(this.#words, NOTED);
  }

  set noted(note: number) {
    Atomics.store(this.#words, NOTED, note);
  }

  /** Nothing is left to be sent, and the lease has been given back. */
  setEnded(): void {
    Atomics.store(this.#words, ENDED, 1);
    Atomics.notify(this.#words, ENDED);
  }

  /** Blocks until that is so, or for that long; false if it is not. */
  waitForEnd(millis: number): boolean {
    return Atomics.wait(this.#words, ENDED, 0, millis) !== "timed-out";
  }
}
