/* Common: the small shared memory that all threads of a broker have besides the shards.
 *
 *   0          64                  64 + ROW_BYTES             ... + seats * ROW_BYTES
 *   +----------+-------------------+-------------------+- - -+------------------------+
 *   | header   | row of thread 0   | row of thread 1   |     | what the broker adds   |
 *   +----------+-------------------+-------------------+- - -+------------------------+
 *     flags      wake word and two words of shards (a cache line of their own), then ROW_COUNTERS
 *                counters of 8 bytes
 *
 * A seat is a place among those that run sessions. The threads that serve clients have the first
 * ones: the I/O threads of a server, or the one thread of a program that has a broker in it. A
 * server with HTTP has one more, the main thread's (broker/in-process.ts). What observers do there
 * is none of a client's doing, and nobody counts it (session/desk.ts).
 *
 * Invariants: `stopping` never goes back to false. `draining` may change at any time: read it once
 * per decision. A row's counters are written by its own thread alone, so plain additions do;
 * everyone reads them. A wake word is 1 from the moment that somebody wants the thread until the
 * thread starts to look; only the step from 0 to 1 notifies. The words of shards say where it has
 * grants to collect: they are set before the wake word, and taken after that was cleared. Created
 * by the server, attached by each thread, read by the sessions. What lies behind the rows is the
 * broker's (broker/boards.ts).
 */

import { lowestBit } from "./wakes.ts";

/** Counters in a thread's row: those below, and the session's (session/counters.ts). */
export const ROW_COUNTERS = 128;

/*
 * Counters that the threads themselves keep; the others are the session's to hand out, from
 * COUNTER_FREE on.
 */
/** Connections accepted since the start, by this thread. */
export const COUNTER_ACCEPTED = 0;
/** Connections that were turned away because there were too many, by this thread. */
export const COUNTER_TURNED_AWAY = 1;
/**
 * How late this thread's event loop ran at most of late, in milliseconds (server/loop-lag.ts); 0
 * when nobody measures.
 */
export const COUNTER_LAG_MILLIS = 2;
/** Lines for the log that this thread has told the main thread. */
export const COUNTER_LINES_TOLD = 3;
/** How many of them the main thread has taken; the one counter of a row that it writes. */
export const COUNTER_LINES_TAKEN = 4;
/** Lines that this thread dropped, because too many were on their way. */
export const COUNTER_LINES_DROPPED = 5;
/** The first counter that means nothing here. */
export const COUNTER_FREE = 6;

const HEADER_BYTES = 64;
const LINE_BYTES = 64;
const ROW_BYTES = LINE_BYTES + ROW_COUNTERS * 8;

/* Header, as indexes into 32-bit words; the epoch is a 64-bit number behind them. */
const DRAINING = 0;
const STOPPING = 1;
const THREADS = 2;
const OPEN_CONNECTIONS = 3;
const EPOCH_FLOAT = 2;
const SEATS = 6;
/** How often a job has gone from one shard to another. */
const MOVES = 7;

/* A row's words of shards, behind its wake word. */
const SHARDS_LOW = 1;
const SHARDS_HIGH = 2;

/**
 * How wake-ups travel where a thread cannot wait for a shared word: told to the main thread, which
 * passes them on.
 */
export type Relay = (low: number, high: number) => void;

/** One thread's view of the common memory. */
export class Common {
  /** What to give to another thread. */
  readonly buffer: SharedArrayBuffer;
  /** Threads that serve clients. */
  readonly threads: number;
  /** Those who run sessions: these threads, and the main thread of a server if it does. */
  readonly seats: number;
  readonly #words: Int32Array;
  readonly #relay: Relay | undefined;

  /**
   * The common memory of a new broker with that many threads that serve clients, and seats, and
   * `addedBytes` behind the rows. Its clock stands at `nowMicros` now, which is `wallMillis` since
   * 1970: the system's time, if absent.
   */
  static create(
    threads: number,
    seats: number = threads,
    addedBytes = 0,
    nowMicros = 0,
    wallMillis: number = performance.timeOrigin + performance.now(),
  ): Common {
    const buffer = new SharedArrayBuffer(rowOffset(seats) + addedBytes);
    new Int32Array(buffer)[THREADS] = threads;
    new Int32Array(buffer)[SEATS] = seats;
    new Float64Array(buffer)[EPOCH_FLOAT] = wallMillis - nowMicros / 1000;
    return new Common(buffer);
  }

  /** Where the bytes begin that were added behind the rows: a multiple of 8. */
  get addedOffset(): number {
    return rowOffset(this.seats);
  }

  /** The wall clock, in microseconds since 1970, at the moment 0 of `clock`. */
  get wallBaseMicros(): number {
    return (new Float64Array(this.buffer)[EPOCH_FLOAT] ?? 0) * 1000;
  }

  /** Attaches to what `create` made. With `relay`, wake-ups go that way. */
  constructor(buffer: SharedArrayBuffer, relay?: Relay) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#relay = relay;
    this.threads = this.#words[THREADS] ?? 0;
    this.seats = this.#words[SEATS] ?? 0;
  }

  /** Whether `put` is refused. It may change from one look to the next. */
  get draining(): boolean {
    return Atomics.load(this.#words, DRAINING) !== 0;
  }

  /** Enters drain mode; false when the server is in it already. */
  startDraining(): boolean {
    return Atomics.exchange(this.#words, DRAINING, 1) === 0;
  }

  /** Leaves drain mode; false when the server is not in it. */
  stopDraining(): boolean {
    return Atomics.exchange(this.#words, DRAINING, 0) !== 0;
  }

  /** Whether the server is shutting down. */
  get stopping(): boolean {
    return Atomics.load(this.#words, STOPPING) !== 0;
  }

  /** Says that the server is shutting down. */
  startStopping(): void {
    Atomics.store(this.#words, STOPPING, 1);
  }

  /**
   * How often a job has gone from one shard to another: who found a job in no shard, and sees that
   * one has gone meanwhile, looks again.
   */
  get moves(): number {
    return Atomics.load(this.#words, MOVES);
  }

  /** A job is in its new shard, and about to be gone in its old one. */
  countMove(): void {
    Atomics.add(this.#words, MOVES, 1);
  }

  /** Open connections of all threads. */
  get openConnections(): number {
    return Atomics.load(this.#words, OPEN_CONNECTIONS);
  }

  /** Counts one more connection unless there are `most` already; says whether it did. */
  admitConnection(most: number): boolean {
    if (Atomics.add(this.#words, OPEN_CONNECTIONS, 1) < most) return true;
    this.releaseConnection();
    return false;
  }

  /** Counts one connection less. */
  releaseConnection(): void {
    Atomics.sub(this.#words, OPEN_CONNECTIONS, 1);
  }

  /** The counters of one seat, for its thread to write. */
  counters(threadIndex: number): Float64Array {
    return new Float64Array(this.buffer, rowOffset(threadIndex) + LINE_BYTES, ROW_COUNTERS);
  }

  /** One counter, summed over all seats. */
  total(counter: number): number {
    let sum = 0;
    for (let seat = 0; seat < this.seats; seat++) sum += this.counters(seat)[counter] ?? 0;
    return sum;
  }

  /**
   * Wakes the threads whose bits are set: `low` has threads 0 to 31, `high` 32 to 63. Cheap if they
   * have been woken already.
   */
  wakeThreads(low: number, high: number): void {
    if (this.#relay !== undefined) {
      this.#relay(low, high);
      return;
    }
    for (let bits = low; bits !== 0; bits &= bits - 1) this.wake(lowestBit(bits));
    for (let bits = high; bits !== 0; bits &= bits - 1) this.wake(32 + lowestBit(bits));
  }

  /** Wakes a thread that has grants to collect in the shards whose bits are set. */
  bringGrants(thread: number, shardsLow: number, shardsHigh: number): void {
    const word = wakeWord(thread);
    if (shardsLow !== 0) Atomics.or(this.#words, word + SHARDS_LOW, shardsLow);
    if (shardsHigh !== 0) Atomics.or(this.#words, word + SHARDS_HIGH, shardsHigh);
    this.wakeThreads(thread < 32 ? 1 << thread : 0, thread < 32 ? 0 : 1 << (thread - 32));
  }

  /** The shards 0 to 31 in which that thread has grants to collect; they are now its to look at. */
  takeGrantsLow(threadIndex: number): number {
    return Atomics.exchange(this.#words, wakeWord(threadIndex) + SHARDS_LOW, 0);
  }

  /** The shards 32 to 63. */
  takeGrantsHigh(threadIndex: number): number {
    return Atomics.exchange(this.#words, wakeWord(threadIndex) + SHARDS_HIGH, 0);
  }

  /** Wakes a thread by its shared word. */
  wake(thread: number): void {
    const word = wakeWord(thread);
    if (Atomics.exchange(this.#words, word, 1) === 0) Atomics.notify(this.#words, word);
  }

  /**
   * The thread is about to look for what it was woken for: whoever comes from now on wakes it
   * again.
   */
  clearWake(threadIndex: number): void {
    Atomics.store(this.#words, wakeWord(threadIndex), 0);
  }

  /** Resolves when somebody wants that thread: at once if that was after its last `clearWake`. */
  woken(
    threadIndex: number,
    wait: (words: Int32Array, index: number, value: number) => Promise<void>,
  ): Promise<void> {
    return wait(this.#words, wakeWord(threadIndex), 0);
  }

  /**
   * A clock for the calling thread: microseconds since the broker began, the same in all threads to
   * about a millisecond, never backwards.
   */
  clock(): () => number {
    const epochMillis = new Float64Array(this.buffer)[EPOCH_FLOAT] ?? 0;
    const aheadMillis = performance.timeOrigin - epochMillis;
    return () => (performance.now() + aheadMillis) * 1000;
  }
}

/** Whether the bit of `thread` is set. */
export function hasBit(low: number, high: number, thread: number): boolean {
  return ((thread < 32 ? low >>> thread : high >>> (thread - 32)) & 1) === 1;
}

function rowOffset(threadIndex: number): number {
  return HEADER_BYTES + threadIndex * ROW_BYTES;
}

function wakeWord(threadIndex: number): number {
  return rowOffset(threadIndex) >> 2;
}
