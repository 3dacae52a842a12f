/* Committer: what the journal's own thread runs: recovery, then commit after commit until it is told to stop.
 *
 * It blocks in synchronous calls and never returns to its event loop until it ends; orders reach it through the board. What the journal
 * throws ends the process (the runtime sees to that): replies that wait for it are never sent. Started by the runtime's committer entry.
 */

import { openShards } from "../engine/shards.ts";
import type { ShardMemories } from "../engine/shards.ts";
import type { Checksum } from "../journal/format.ts";
import { HintWriter } from "../journal/hints.ts";
import { JournalShard } from "../journal/journal-shard.ts";
import { Journal } from "../journal/journal.ts";
import type { JournalOptions } from "../journal/journal.ts";
import { recover } from "../journal/recovery.ts";
import type { RecoveryReport } from "../journal/recovery.ts";
import { StorageError } from "../storage.ts";
import type { Storage } from "../storage.ts";
import { Common } from "./common.ts";
import * as B from "./journal-board.ts";

/** What the main thread gives to the committer; it can be posted. */
export interface CommitterSeed {
  readonly common: SharedArrayBuffer;
  readonly memories: ShardMemories;
  readonly options: JournalOptions;
  readonly strict: boolean;
  /** Milliseconds from one file of hints to the next; Infinity: none is written. */
  readonly hintIntervalMillis: number;
}

/** What the committer tells the main thread. */
export type CommitterReport =
  | { readonly kind: "progress"; readonly done: number; readonly all: number }
  | { readonly kind: "recovered"; readonly report: RecoveryReport; readonly millis: number }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "full"; readonly isFull: boolean }
  | { readonly kind: "stopped" };

/** What the committer needs of its runtime. */
export interface CommitterSurroundings {
  readonly storage: Storage;
  readonly report: (report: CommitterReport) => void;
}

/** Figures are published at most this often; idle, the committer looks around this often. */
const LOOK_MILLIS = 500;
/** Idle for this long, it marks the end of the journal as safe, so that damage is not taken for a torn end. */
const MARK_MILLIS = 1000;
const PROGRESS_MILLIS = 500;

/** Runs the committer until it is told to stop. Rejects when the journal cannot be opened, throws what the journal throws later. */
export async function runCommitter(
  seed: CommitterSeed,
  { storage, report }: CommitterSurroundings,
): Promise<void> {
  const release = await storage.lease();
  const committer = new Committer(seed, storage, report);
  committer.run();
  release();
  report({ kind: "stopped" });
}

class Committer {
  readonly #common: Common;
  readonly #board: B.JournalBoard;
  readonly #journal: Journal;
  readonly #hints: HintWriter;
  readonly #hintIntervalMillis: number;
  #hintedAt = performance.now();
  readonly #report: (report: CommitterReport) => void;
  #lookedAt = 0;
  #workedAt = 0;
  #isMarked = true;
  #isFull = false;

  constructor(seed: CommitterSeed, storage: Storage, report: (report: CommitterReport) => void) {
    this.#common = new Common(seed.common);
    this.#board = this.#common.journal;
    this.#report = report;
    this.#hintIntervalMillis = seed.hintIntervalMillis;
    const shards = journalShards(seed.memories);
    const checksum = checksumOf(shards);
    this.#journal = this.#recover(seed, storage, shards, checksum);
    this.#hints = new HintWriter(storage, shards, checksum);
  }

  #recover(
    seed: CommitterSeed,
    storage: Storage,
    shards: readonly JournalShard[],
    checksum: Checksum,
  ): Journal {
    const { options } = seed;
    const began = performance.now();
    let toldAt = began;
    const progress = (done: number, all: number): void => {
      if (performance.now() - toldAt < PROGRESS_MILLIS) return;
      toldAt = performance.now();
      this.#report({ kind: "progress", done, all });
    };
    const now = this.#common.clock()();
    const { strict } = seed;
    const recovered = recover({ storage, shards, checksum, now, strict, progress });
    const journal = new Journal({
      storage,
      shards,
      options,
      checksum,
      wallMicros: () => Date.now() * 1000,
      random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
      publish: (shard, position) => this.#board.publish(shard, position),
      ...recovered,
    });
    const millis = performance.now() - began;
    this.#report({ kind: "recovered", report: recovered.report, millis });
    return journal;
  }

  run(): void {
    this.#look();
    this.#board.setRecovered();
    while (!this.#board.mustStop) this.#turn();
    this.#journal.commit();
    this.#lastHints();
    this.#journal.close();
    this.#tell();
  }

  #turn(): void {
    this.#board.clearWake();
    const committed = this.#journal.commit();
    if (committed) this.#tell();
    const hinted = this.#hint();
    const maintained = this.#journal.maintain() || hinted;
    this.#tellFull();
    const now = performance.now();
    if (committed) this.#workedAt = now;
    if (committed) this.#isMarked = false;
    if (now - this.#lookedAt >= LOOK_MILLIS) this.#look();
    if (committed || maintained) return;
    if (!this.#isMarked && now - this.#workedAt >= MARK_MILLIS) {
      this.#journal.mark();
      this.#isMarked = true;
    }
    this.#board.waitForWork(Math.min(LOOK_MILLIS, this.#journal.syncDueMillis));
    this.#journal.syncIfDue();
  }

  /** Does a part of the writing of hints, when it is time; false when there is nothing to do. Without space there are none. */
  #hint(): boolean {
    const hints = this.#hints;
    try {
      if (hints.isBusy) {
        hints.step();
        return true;
      }
      if (performance.now() - this.#hintedAt < this.#hintIntervalMillis) return false;
      this.#hintedAt = performance.now();
      hints.begin(this.#journal.figures.frames + 1);
      return true;
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== "HM_STORAGE_FULL") throw error;
      hints.abandon();
      return false;
    }
  }

  /** What is known at the end is worth keeping. */
  #lastHints(): void {
    if (this.#hintIntervalMillis === Infinity) return;
    this.#hints.abandon();
    this.#hintedAt = -Infinity;
    while (this.#hint());
  }

  /** More has become safe, and rings have room. */
  #tell(): void {
    const { low, high } = this.#board.holding(this.#common.seats);
    if ((low | high) !== 0) this.#common.wakeThreads(low, high);
    this.#board.freed();
  }

  #look(): void {
    this.#lookedAt = performance.now();
    const { figures } = this.#journal;
    const board = this.#board;
    board.setFigure(B.FIGURE_OLDEST_SEGMENT, figures.oldestSegment);
    board.setFigure(B.FIGURE_CURRENT_SEGMENT, figures.currentSegment);
    board.setFigure(B.FIGURE_SEGMENTS, figures.segments);
    board.setFigure(B.FIGURE_BYTES, figures.bytes);
    board.setFigure(B.FIGURE_LIVE_BYTES, figures.liveBytes);
    board.setFigure(B.FIGURE_SYNCS, figures.syncs);
    board.setFigure(B.FIGURE_LAST_SYNC_MILLIS, figures.lastSyncMillis);
    board.setFigure(B.FIGURE_OLDEST_UNSYNCED_MILLIS, figures.oldestUnsyncedMillis);
    this.#tellFull();
  }

  /** At once: what puts write until they are refused is missing for what drains. */
  #tellFull(): void {
    const { isFull } = this.#journal;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#board.setFull(isFull);
    this.#report({ kind: "full", isFull });
  }
}

/** The committer's handles on the shards. */
function journalShards(memories: ShardMemories): readonly JournalShard[] {
  return openShards(memories, memories.threads - 1).map((shard, index) => {
    const memory = memories.memories[index];
    if (memory === undefined) throw new RangeError("a shard without a memory");
    return new JournalShard(shard, memory, memories.ringBytes);
  });
}

/** The engine's CRC-32C, through the staging area of the first shard. */
function checksumOf(shards: readonly JournalShard[]): Checksum {
  const shard = shards[0]?.shard;
  if (shard === undefined) throw new RangeError("a journal has at least one shard");
  return (seed, bytes) => {
    shard.staging.set(bytes);
    return shard.engine.checksum(seed, shard.stagingAddress, bytes.length) >>> 0;
  };
}
