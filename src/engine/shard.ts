/* Shard: one thread's handle on one shard: an instance of the engine on the shard's memory, and
 * views over this thread's area in it.
 *
 * The views lie over the low, fixed part of the memory only, so they stay good when any thread
 * makes it grow. What a call returned (`result`) and the start of a body (`output`) are good until
 * the next call through this handle. Made by engine/shards.ts.
 */

import * as C from "../../assembly/constants.ts";
import { EngineCalls } from "./calls.ts";
import { instantiate } from "./instance.ts";
import type { GroupFigures, KeyBoard } from "./key-board.ts";
import type { Wakes } from "./wakes.ts";

/** Where a shard gets memory from: the budget of them all (page-budget.ts). */
interface MemorySource {
  /** A shard is new, or its jobs came back. */
  begin(shard: Shard): void;
  /** Finds more memory for a shard that was refused some, a second time if `isRetry`. */
  enlarge(shard: Shard, isRetry: boolean): boolean;
}

/** One shard, as one I/O thread sees it. */
export class Shard extends EngineCalls {
  readonly index: number;
  /** The result area: RESULT_* of assembly/constants.ts index it. */
  readonly result: Float64Array;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** The input slot as numbers, for what has entries. */
  readonly inputNumbers: Float64Array;
  /** Where `nameConn` looks for a name. */
  readonly who: Uint8Array;
  /** Where `putTagged` and `commitTagged` look for tags. */
  readonly tags: Uint8Array;
  /** The input slot and the output slot as one: where pieces of a segment are looked through. */
  readonly staging: Uint8Array;
  readonly stagingAddress: number;
  /** Shared by all of a thread's shards. */
  readonly wakes: Wakes;
  /** The result areas of all threads, one every THREAD_BYTES. */
  readonly #areas: Float64Array;
  readonly #nextDue: Float64Array;
  readonly #tubes: Uint32Array;
  readonly #leaving: Uint32Array;
  /** Positions of the head and the tail of the journal's ring. */
  readonly #ring: Float64Array;
  /** How far apart these may be for commands to run. */
  readonly #ringLimit: number;
  readonly #budget: MemorySource;
  readonly #board: KeyBoard;

  constructor(
    index: number,
    thread: number,
    threads: number,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    budget: MemorySource,
    board: KeyBoard,
    wakes: Wakes,
  ) {
    super(instantiate(module, memory, board.forShard(index, memory)), thread);
    const area = C.THREADS_BASE + thread * C.THREAD_BYTES;
    this.index = index;
    this.result = new Float64Array(memory.buffer, area, C.RESULT_BYTES / 8);
    this.input = new Uint8Array(memory.buffer, area + C.PAGE_BYTES, C.INPUT_BYTES);
    this.inputNumbers = new Float64Array(memory.buffer, area + C.PAGE_BYTES, C.INPUT_BYTES / 8);
    const output = area + 2 * C.PAGE_BYTES;
    this.output = new Uint8Array(memory.buffer, output, C.OUTPUT_BYTES);
    this.who = new Uint8Array(memory.buffer, area + C.WHO_OFFSET, C.WHO_MAX);
    this.tags = new Uint8Array(memory.buffer, area + C.TAGS_OFFSET, C.TAGS_BYTES_MAX);
    this.stagingAddress = area + C.PAGE_BYTES;
    this.staging = new Uint8Array(
      memory.buffer,
      this.stagingAddress,
      C.INPUT_BYTES + C.OUTPUT_BYTES,
    );
    const areas = (threads * C.THREAD_BYTES) / 8;
    this.#areas = new Float64Array(memory.buffer, C.THREADS_BASE, areas);
    this.#nextDue = new Float64Array(memory.buffer, this.nextDueAddress(), 1);
    this.#tubes = new Uint32Array(memory.buffer, this.tubesAddress(), 1);
    this.#leaving = new Uint32Array(memory.buffer, this.leavingAddress(), 2);
    this.#ring = new Float64Array(memory.buffer, this.journalHeadAddress(), 2);
    this.#ringLimit = this.ringLimit();
    this.#budget = budget;
    this.#board = board;
    this.wakes = wakes;
  }

  /**
   * What a call returned, without its marks. If it made grants or wants bodies, `wakes` remembers
   * that; if the shard is short of memory, it gets more; if it gave keys back, others look again.
   */
  protected override answer(code: number): number {
    if ((code & C.WAKE) !== 0) {
      const low = this.field(C.RESULT_WAKE_LOW);
      this.wakes.note(low, this.field(C.RESULT_WAKE_HIGH), this.index);
    }
    if ((code & C.SHORT) !== 0) this.growBudget();
    if ((code & C.OPENED) !== 0) this.#board.openElsewhere();
    if ((code & C.WANTED) !== 0) this.wakes.wantsBodies = true;
    return code & C.CODE_MASK;
  }

  /** Others look again at keys that were given back here. */
  openElsewhere(): void {
    this.#board.openElsewhere();
  }

  /** A field of what the last call answered. */
  field(index: number): number {
    return this.result[index] ?? 0;
  }

  /** The address that the last call answered: an integer, which takes no room beside its field. */
  address(): number {
    return this.field(C.RESULT_REF) >>> 0;
  }

  /**
   * How many commands of a kind (COUNT_*) `run` has answered here, for the first `seats` seats.
   */
  commandCount(which: number, seats: number): number {
    let sum = 0;
    let at = C.RESULT_COUNTS + which;
    for (let seat = 0; seat < seats; seat++, at += C.THREAD_BYTES / 8) {
      sum += this.#areas[at] ?? 0;
    }
    return sum;
  }

  /** When the shard has something to do by itself, in microseconds; read without the lock. */
  nextDueMicros(): number {
    return this.#nextDue[0] ?? C.NEVER_MICROS;
  }

  /** How many concurrency keys of all shards have a job that is held. */
  keysInUse(): number {
    return this.#board.keysInUse;
  }

  /** How a group of all shards is; undefined when nobody is in it or waits for it. */
  groupOf(name: Uint8Array): GroupFigures | undefined {
    this.input.set(name);
    return this.#board.group(name, this.groupHash(0, name.length));
  }

  /**
   * How many jobs with the concurrency key of a slot are held in all shards, and how many may be;
   * read without the lock.
   */
  keyFigures(slot: number): { readonly held: number; readonly limit: number } {
    return this.#board.figuresOf(slot);
  }

  /** How many tubes it has; read without the lock. */
  tubeCount(): number {
    return this.#tubes[0] ?? 0;
  }

  /** Whether dead jobs are to go to other tubes; read without the lock. */
  get hasLeaving(): boolean {
    return this.#leaving[0] !== 0;
  }

  /** Another number whenever one of them has come, or may go elsewhere; read without the lock. */
  get leavingChanges(): number {
    return this.#leaving[1] ?? 0;
  }

  /** Position behind the last record in the journal's stream; read without the lock. */
  journalHead(): number {
    return this.#ring[0] ?? 0;
  }

  /**
   * Whether the journal's ring has room for a command; always so without a journal. Read without
   * the lock.
   */
  hasRoom(): boolean {
    return (this.#ring[0] ?? 0) - (this.#ring[1] ?? 0) <= this.#ringLimit;
  }

  /** The shard is new, or recovery, which asked nobody, has filled it. */
  beginBudget(): void {
    this.#budget.begin(this);
  }

  /** Whether the ring has so much room that work which can wait need not. */
  hasRoomToSpare(): boolean {
    return (this.#ring[0] ?? 0) - (this.#ring[1] ?? 0) <= this.#ringLimit / 2;
  }

  /**
   * Asks, and asks again for as long as the answer is OUT_OF_MEMORY and the shard can be given
   * more.
   */
  withMemory(ask: () => number): number {
    let answer = ask();
    for (let tries = 0; answer === C.OUT_OF_MEMORY && this.growBudget(tries > 0); tries++) {
      answer = ask();
    }
    return answer;
  }

  /**
   * Gives the shard more of the server's memory; false when there is none to be had. `isRetry`: for
   * what was refused again since the last time.
   */
  growBudget(isRetry = false): boolean {
    return this.#budget.enlarge(this, isRetry);
  }
}
