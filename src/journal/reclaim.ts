/* Reclaim: getting the place of one segment back, a bounded part at a time.
 *
 * What is still needed of the segment (jobs whose record lies there, latest states, tombstones of
 * jobs in segments that still exist) is written again at the end of the streams, from memory; the
 * old file only tells which jobs those are. When that is safe, the segment can go. A segment in
 * which nothing is needed goes without being read. Driven by the journal, in its thread.
 */

import * as C from "../../assembly/constants.ts";
import type { Checksum } from "./format.ts";
import { segmentName } from "./format.ts";
import { readAround } from "./holes.ts";
import type { ExistingSegment } from "./journal-parts.ts";
import type { JournalShard } from "./journal-shard.ts";
import { scanSegment } from "./scan.ts";
import type { Storage } from "../storage.ts";

/** A stretch of the segment that a shard has to look through. */
interface Task {
  readonly shard: JournalShard;
  position: number;
  readonly end: number;
}

/** A walk through the jobs of a shard. */
interface Walk {
  readonly shard: JournalShard;
  bucket: number;
}

/** Walks that may be needed: the table of jobs can be rearranged while it is gone through. */
const ROUNDS_MAX = 8;

/** The reclaiming of one segment at a time. */
export class Reclaim {
  readonly #storage: Storage;
  readonly #shards: readonly JournalShard[];
  readonly #checksum: Checksum;
  #segment: ExistingSegment | undefined;
  #bytes = new Uint8Array(0);
  #tasks: Task[] = [];
  /** Shards whose jobs must be gone through. */
  #walks: Walk[] = [];
  /** How far that is. */
  #rounds = 0;
  /** Where each shard's stream stood when all had been copied. */
  #copiedTo: number[] | undefined;

  constructor(storage: Storage, shards: readonly JournalShard[], checksum: Checksum) {
    this.#storage = storage;
    this.#shards = shards;
    this.#checksum = checksum;
  }

  /** The segment that is being reclaimed. */
  get segment(): ExistingSegment | undefined {
    return this.#segment;
  }

  /** Whether all that is needed has been written to the rings again. */
  get isCopied(): boolean {
    return this.#copiedTo !== undefined;
  }

  /** Whether that is safe, given up to where each shard's stream has been synced. */
  isSafe(synced: readonly number[]): boolean {
    return this.#copiedTo?.every((position, at) => position <= (synced[at] ?? 0)) ?? false;
  }

  /** Begins with a segment; `isNeeded`: something in it still is, so it has to be read. */
  begin(segment: ExistingSegment, isNeeded: boolean): void {
    this.#segment = segment;
    const { salt, end } = segment;
    if (isNeeded) {
      this.#bytes = this.#read(segment);
      const regions = scanSegment(this.#bytes.subarray(0, end), salt, this.#checksum);
      this.#tasks = regions.flatMap(({ shard, from, to }) =>
        this.#concerned(shard, segment).map((one) => ({ shard: one, position: from, end: to })),
      );
    }
    this.#finishIfDone();
  }

  /**
   * Of a segment that is known to be damaged, what cannot be read is passed over: `walkJobs` finds
   * the jobs that lie there.
   */
  #read({ number, quarantine }: ExistingSegment): Uint8Array<ArrayBuffer> {
    const name = segmentName(number);
    return quarantine === true
      ? readAround(this.#storage, name).bytes
      : readWhole(this.#storage, name);
  }

  /**
   * The shards that may need records of a region. With another number of shards only a record's
   * tube tells which one it is for, and a tombstone has none: then each shard keeps it.
   */
  #concerned(shard: number | undefined, { shards }: ExistingSegment): readonly JournalShard[] {
    const own = shards === this.#shards.length ? this.#shards[shard ?? -1] : undefined;
    return own === undefined ? this.#shards : [own];
  }

  /**
   * Goes on with the first stretch, as far as a staging area holds and the shard's ring has room;
   * false when it had none.
   */
  step(): boolean {
    const [task] = this.#tasks;
    const [walk] = this.#walks;
    let hadRoom = true;
    if (task !== undefined) {
      hadRoom = this.#keep(task);
      if (task.position >= task.end) this.#tasks.shift();
    } else if (walk !== undefined) hadRoom = this.#walk(walk);
    this.#finishIfDone();
    return hadRoom;
  }

  /**
   * Whether all that was needed has a new place, once what was copied has been written. False:
   * `walkJobs` has to find the rest.
   */
  get isEmpty(): boolean {
    const { number = 0 } = this.#segment ?? {};
    return this.#shards.every((shard) => shard.liveBytes(number) === 0);
  }

  /**
   * Goes on with the jobs themselves: the file did not show all that lie in it, being damaged by
   * now. False when that was tried often enough.
   */
  walkJobs(): boolean {
    if (this.#rounds++ >= ROUNDS_MAX) return false;
    this.#copiedTo = undefined;
    this.#walks = this.#shards.map((shard) => ({ shard, bucket: 0 }));
    return true;
  }

  #walk(walk: Walk): boolean {
    const { shard } = walk.shard;
    const { number = 0 } = this.#segment ?? {};
    const before = walk.bucket;
    const answer = shard.keepRest(before, number);
    walk.bucket = shard.field(C.RESULT_COUNT);
    if (answer === C.DONE) this.#walks.shift();
    return answer === C.DONE || walk.bucket >= before + C.STEP_JOBS;
  }

  #keep(task: Task): boolean {
    const { shard } = task.shard;
    const staged = Math.min(task.end - task.position, shard.staging.length);
    shard.staging.set(this.#bytes.subarray(task.position, task.position + staged));
    const { number = 0, salt = 0 } = this.#segment ?? {};
    const answer = shard.keep(shard.stagingAddress, staged, salt, number);
    const done = shard.field(C.RESULT_COUNT);
    task.position += done;
    if (answer === C.DAMAGED && done === 0) task.position += 8; // the next one may be sound
    if (answer === C.DAMAGED) task.position = behindZeros(this.#bytes, task.position, task.end);
    return answer !== C.MORE;
  }

  #finishIfDone(): void {
    if (this.#tasks.length > 0 || this.#walks.length > 0 || this.#copiedTo !== undefined) return;
    this.#bytes = new Uint8Array(0);
    this.#copiedTo = this.#shards.map(({ head }) => head);
  }

  /** The segment is gone. */
  end(): void {
    this.#segment = undefined;
    this.#copiedTo = undefined;
    this.#rounds = 0;
  }
}

/**
 * Position of the first word of 8 bytes from `at` on that is not all zeros, or `end`: no record
 * begins with zeros, and holes consist of them.
 */
function behindZeros(bytes: Uint8Array<ArrayBuffer>, at: number, end: number): number {
  const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  let word = at >> 3;
  while (word < end >> 3 && Object.is(words[word], 0)) word++;
  return Math.max(at, Math.min(end, word << 3));
}

/** All bytes of a file, or its first `most`. Throws a StorageError. */
function readWhole(storage: Storage, name: string, most = Infinity): Uint8Array<ArrayBuffer> {
  const file = storage.open(name, false);
  try {
    const bytes = new Uint8Array(Math.min(most, file.size));
    let done = 0;
    while (done < bytes.length) {
      const count = file.read(done, bytes.subarray(done));
      if (count <= 0) break;
      done += count;
    }
    return bytes;
  } finally {
    file.close();
  }
}
