/* ReplayBoard: where the committer and the I/O threads share out the replay of the journal: a part
 * of the common memory.
 *
 * The I/O threads have nothing else to do as long as the journal is recovered, and an instance of
 * the engine on each shard. The committer leaves a batch for a shard in its ring and the rest of
 * what there is to know here; whoever takes the batch first replays it. So shards go side by side,
 * and within a shard one batch follows the other. A batch is offered before POSTED counts up, and
 * done before FINISHED does: whoever waits for a change of what it has read misses nothing.
 *
 *   the state of a batch:   NONE -> OFFERED -> TAKEN -> DONE -> NONE
 */

import { SHARDS_MAX } from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { JournalShard } from "../journal/journal-shard.ts";
import { replayBatch } from "../journal/replay.ts";
import type { Batch, Outcome, Workforce } from "../journal/replay.ts";

/* 32-bit words. */
const POSTED = 0;
const FINISHED = 1;
const OVER = 2;
const STATES = 16;
const WORDS = STATES + SHARDS_MAX;

const NONE = 0;
const OFFERED = 1;
const TAKEN = 2;
const DONE = 3;

/* What is said of a batch, and then of what became of it, as numbers of 8 bytes. */
const BYTES = 0;
const SALT = 1;
const SHARDS = 2;
const NOW = 3;
const YOUNG = 4;
const PART = 5;
const PLACES = 6;
const LEAVES = 7;
const GONE_THROUGH = 0;
const DAMAGED = 1;
const LAST_ID = 2;
const TOO_MUCH = 3;
const FIELDS = 8;

/** Bytes that the board takes. */
export const REPLAY_BOARD_BYTES = WORDS * 4 + SHARDS_MAX * FIELDS * 8;

/** One thread's view of the board. */
export class ReplayBoard {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #fields: Float64Array;

  /** The board at `offset`, a multiple of 8, of the common memory. */
  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(buffer, offset, WORDS);
    this.#fields = new Float64Array(buffer, offset + WORDS * 4, SHARDS_MAX * FIELDS);
  }

  /**
   * An I/O thread's part: replays what is offered, through its own handles on all shards, until
   * `end` is called. Returns how many batches.
   */
  help(shards: readonly Shard[]): number {
    let batches = 0;
    for (;;) {
      const posted = Atomics.load(this.#words, POSTED);
      if (this.#replayOne(shards)) batches++;
      else if (Atomics.load(this.#words, OVER) !== 0) return batches;
      else Atomics.wait(this.#words, POSTED, posted);
    }
  }

  /**
   * The committer's part, with its own handles on all shards: it offers batches, and takes part
   * itself when it must wait.
   */
  workforce(journalShards: readonly JournalShard[]): Workforce {
    const shards = journalShards.map(({ shard }) => shard);
    return {
      start: ({ shard }, batch) => this.#offer(shard.index, batch),
      finish: ({ shard }) => this.#finish(shard, shards),
    };
  }

  /** There will be nothing more to replay: the I/O threads go on. */
  end(): void {
    Atomics.store(this.#words, OVER, 1);
    Atomics.add(this.#words, POSTED, 1);
    Atomics.notify(this.#words, POSTED);
  }

  #offer(index: number, batch: Batch): void {
    const { bytes, salt, shards, now, places } = batch;
    const flags = [batch.isYoung, batch.isPart].map(Number);
    this.#set(index, [bytes, salt, shards, now, ...flags, places, Number(batch.leavesBodies)]);
    Atomics.store(this.#words, STATES + index, OFFERED);
    Atomics.add(this.#words, POSTED, 1);
    Atomics.notify(this.#words, POSTED, 1);
  }

  #finish(shard: Shard, shards: readonly Shard[]): Outcome | undefined {
    const at = STATES + shard.index;
    for (;;) {
      const finished = Atomics.load(this.#words, FINISHED);
      const state = Atomics.load(this.#words, at);
      if (state === NONE) return undefined;
      if (state === DONE) {
        Atomics.store(this.#words, at, NONE);
        return this.#outcome(shard.index);
      }
      if (this.#replayIfOffered(shard) || this.#replayOne(shards)) continue;
      Atomics.wait(this.#words, FINISHED, finished);
    }
  }

  /** Replays any batch that is offered; false when there is none. */
  #replayOne(shards: readonly Shard[]): boolean {
    return shards.some((shard) => this.#replayIfOffered(shard));
  }

  #replayIfOffered(shard: Shard): boolean {
    const { index } = shard;
    const at = STATES + index;
    if (Atomics.compareExchange(this.#words, at, OFFERED, TAKEN) !== OFFERED) return false;
    const { done, damaged, lastId, isTooMuch } = replayBatch(shard, this.#batch(index));
    this.#set(index, [done, damaged, lastId, isTooMuch ? 1 : 0]);
    Atomics.store(this.#words, at, DONE);
    Atomics.add(this.#words, FINISHED, 1);
    Atomics.notify(this.#words, FINISHED);
    return true;
  }

  #set(index: number, values: readonly number[]): void {
    this.#fields.set(values, index * FIELDS);
  }

  #get(index: number, field: number): number {
    return this.#fields[index * FIELDS + field] ?? 0;
  }

  #batch(index: number): Batch {
    return {
      bytes: this.#get(index, BYTES),
      salt: this.#get(index, SALT),
      shards: this.#get(index, SHARDS),
      now: this.#get(index, NOW),
      isYoung: this.#get(index, YOUNG) !== 0,
      isPart: this.#get(index, PART) !== 0,
      places: this.#get(index, PLACES),
      leavesBodies: this.#get(index, LEAVES) !== 0,
    };
  }

  #outcome(index: number): Outcome {
    return {
      done: this.#get(index, GONE_THROUGH),
      damaged: this.#get(index, DAMAGED),
      lastId: this.#get(index, LAST_ID),
      isTooMuch: this.#get(index, TOO_MUCH) !== 0,
    };
  }
}
