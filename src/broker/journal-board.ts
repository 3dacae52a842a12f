/* JournalBoard: where the I/O threads and the committer of a journal meet: a part of the common
 * memory.
 *
 * Whoever commits (commit-lock.ts) publishes up to where each shard's stream is safe; the committer
 * also whether the disk is full, and figures. A thread that holds replies back, or on which
 * something waits for room in a ring, says so, and commits or wakes the committer; whoever commits
 * wakes these threads whenever more has become safe, which is also when rings have been freed. A
 * thread first says what it waits for, then looks again, and whoever commits first publishes and
 * frees, then looks who waits: neither can miss the other.
 */

import { SHARDS_MAX, THREADS_MAX } from "../../assembly/constants.ts";
import { COMMIT_STATE_NUMBERS, CommitState } from "../journal/commit-state.ts";
import { PROGRESS_NUMBERS } from "../journal/journal-shard.ts";
import { SYNC_BOUNDS_MILLIS } from "../journal/journal-figures.ts";
import { COMMIT_LOCK_WORDS, CommitLock } from "./commit-lock.ts";

/* 32-bit words. */
const WAKE = 0;
const RECOVERED = 1;
const FULL = 2;
const STOP = 3;
/**
 * Nothing stands there: an atomic addition to it has all that was stored before it seen by others
 * before anything behind it is read.
 */
const FENCE = 5;
const READ_ONLY = 6;
/** A word for each thread: what it waits for, WAITS_*. */
const WAITING = 16;
const LOCK = WAITING + THREADS_MAX;
const WORDS = LOCK + COMMIT_LOCK_WORDS;
/** Of STOP: the committer writes what there is first, or nothing more. */
const STOPS = 1;
const ENDS = 2;
/** It holds replies back until more is safe. */
const WAITS_SAFE = 1;
/** Something on it needs room in a ring. */
const WAITS_ROOM = 2;

/** Figures that the committer publishes, as indexes. */
export const FIGURE_OLDEST_SEGMENT = 0;
export const FIGURE_CURRENT_SEGMENT = 1;
export const FIGURE_SEGMENTS = 2;
export const FIGURE_BYTES = 3;
export const FIGURE_LIVE_BYTES = 4;
export const FIGURE_SYNCS = 5;
export const FIGURE_LAST_SYNC_MILLIS = 6;
export const FIGURE_OLDEST_UNSYNCED_MILLIS = 7;
const FIGURE_COMMIT_MILLIS = 8;
const FIGURES = 16;
/** The histogram of syncs: a count for each bucket, then the sum of all in milliseconds. */
const SYNC_BUCKETS = SYNC_BOUNDS_MILLIS.length + 1;

/** Bytes that the board takes. */
export const JOURNAL_BOARD_BYTES =
  WORDS * 4 +
  (SHARDS_MAX + FIGURES + SYNC_BUCKETS + 1 + COMMIT_STATE_NUMBERS + SHARDS_MAX * PROGRESS_NUMBERS) *
    8;

/** One thread's view of the board. */
export class JournalBoard {
  readonly #words: Int32Array;
  readonly #safe: Float64Array;
  readonly #figures: Float64Array;
  readonly #syncs: Float64Array;
  /** Whose turn it is to commit; it guards what comes next. */
  readonly lock: CommitLock;
  /** What whoever commits next has to know. */
  readonly commitState: CommitState;
  readonly #progress: Float64Array;

  /** The board at `offset`, a multiple of 8, of the common memory. */
  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(buffer, offset, WORDS);
    this.#safe = new Float64Array(buffer, offset + WORDS * 4, SHARDS_MAX);
    const figures = offset + WORDS * 4 + SHARDS_MAX * 8;
    this.#figures = new Float64Array(buffer, figures, FIGURES);
    const syncs = figures + FIGURES * 8;
    this.#syncs = new Float64Array(buffer, syncs, SYNC_BUCKETS + 1);
    this.lock = new CommitLock(new Int32Array(buffer, offset + LOCK * 4, COMMIT_LOCK_WORDS));
    const state = syncs + (SYNC_BUCKETS + 1) * 8;
    this.commitState = new CommitState(new Float64Array(buffer, state, COMMIT_STATE_NUMBERS));
    const progress = state + COMMIT_STATE_NUMBERS * 8;
    this.#progress = new Float64Array(buffer, progress, SHARDS_MAX * PROGRESS_NUMBERS);
  }

  /** How far a shard's stream has come, for those who commit. */
  progressOf(shard: number): Float64Array {
    return this.#progress.subarray(shard * PROGRESS_NUMBERS, (shard + 1) * PROGRESS_NUMBERS);
  }

  /* The threads' side. */

  /** The highest safe position of a shard's stream. */
  safePosition(shard: number): number {
    return this.#safe[shard] ?? 0;
  }

  /** Says whether this thread holds replies back. */
  setHolding(thread: number, holds: boolean): void {
    this.#setWaiting(thread, WAITS_SAFE, holds);
  }

  /** Says whether something on this thread waits for room in a ring. */
  setAwaitsRoom(thread: number, waits: boolean): void {
    this.#setWaiting(thread, WAITS_ROOM, waits);
  }

  #setWaiting(thread: number, what: number, waits: boolean): void {
    if (waits) Atomics.or(this.#words, WAITING + thread, what);
    else Atomics.and(this.#words, WAITING + thread, ~what);
  }

  /** There is something to commit. Cheap when the committer knows already. */
  wakeCommitter(): void {
    if (Atomics.exchange(this.#words, WAKE, 1) === 0) Atomics.notify(this.#words, WAKE);
  }

  /** Whether the disk is full: puts are to be refused. */
  get isFull(): boolean {
    return Atomics.load(this.#words, FULL) !== 0;
  }

  /** Whether nothing can be recorded: then what is there may be looked at, and nothing else. */
  get isReadOnly(): boolean {
    return Atomics.load(this.#words, READ_ONLY) !== 0;
  }

  /** Blocks the calling thread until the journal has been recovered. */
  waitForRecovery(): void {
    const words = this.#words as Int32Array<SharedArrayBuffer>;
    while (Atomics.load(words, RECOVERED) === 0) Atomics.wait(words, RECOVERED, 0);
  }

  /** A figure, as the committer published it last. */
  figure(which: number): number {
    return this.#figures[which] ?? 0;
  }

  /** How long the last commit took, in milliseconds. */
  get commitMillis(): number {
    return this.figure(FIGURE_COMMIT_MILLIS);
  }

  /**
   * How long the syncs since the start took: counts by SYNC_BOUNDS_MILLIS and for what took longer,
   * and the sum.
   */
  syncs(): { readonly counts: Float64Array; readonly sumMillis: number } {
    return {
      counts: this.#syncs.slice(0, SYNC_BUCKETS),
      sumMillis: this.#syncs[SYNC_BUCKETS] ?? 0,
    };
  }

  /* The side of whoever commits. */

  /** A sync took that long. */
  countSync(millis: number): void {
    const found = SYNC_BOUNDS_MILLIS.findIndex((bound) => millis <= bound);
    const bucket = found < 0 ? SYNC_BUCKETS - 1 : found;
    this.#syncs[bucket] = (this.#syncs[bucket] ?? 0) + 1;
    this.#syncs[SYNC_BUCKETS] = (this.#syncs[SYNC_BUCKETS] ?? 0) + millis;
  }

  /** A commit took that long. */
  setCommitMillis(millis: number): void {
    this.setFigure(FIGURE_COMMIT_MILLIS, millis);
  }

  publish(shard: number, position: number): void {
    this.#safe[shard] = position;
  }

  /**
   * The threads that wait for something to be safe or for room, or `all` of them, as two words of
   * bits.
   */
  waiting(threads: number, all = false): { readonly low: number; readonly high: number } {
    Atomics.add(this.#words, FENCE, 0); // what was published is no atomic store
    let low = 0;
    let high = 0;
    for (let thread = 0; thread < threads; thread++) {
      if (!all && Atomics.load(this.#words, WAITING + thread) === 0) continue;
      if (thread < 32) low |= 1 << thread;
      else high |= 1 << (thread - 32);
    }
    return { low, high };
  }

  setFull(isFull: boolean): void {
    Atomics.store(this.#words, FULL, isFull ? 1 : 0);
  }

  setReadOnly(isReadOnly: boolean): void {
    Atomics.store(this.#words, READ_ONLY, isReadOnly ? 1 : 0);
  }

  setFigure(which: number, value: number): void {
    this.#figures[which] = value;
  }

  /** The journal has been recovered, or there is none: the threads may go on. */
  setRecovered(): void {
    Atomics.store(this.#words, RECOVERED, 1);
    Atomics.notify(this.#words, RECOVERED);
  }

  /** About to look for work: whoever comes from now on wakes again. */
  clearWake(): void {
    Atomics.store(this.#words, WAKE, 0);
  }

  /** Blocks until there is something to commit, or for that long. */
  waitForWork(millis: number): void {
    Atomics.wait(this.#words as Int32Array<SharedArrayBuffer>, WAKE, 0, millis);
  }

  /* The broker's side. */

  /** Tells the committer to write what there is and end. */
  stopCommitter(): void {
    Atomics.store(this.#words, STOP, STOPS);
    this.wakeCommitter();
  }

  /** Tells it to write nothing more and end. */
  endCommitter(): void {
    Atomics.store(this.#words, STOP, ENDS);
    this.wakeCommitter();
  }

  get mustStop(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  get mustEnd(): boolean {
    return Atomics.load(this.#words, STOP) === ENDS;
  }
}
