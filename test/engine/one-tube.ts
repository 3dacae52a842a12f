/*
 * One tube: a shard with one tube, a connection that watches it, and a clock that stands still
 * unless told to move.
 */
import { strictEqual } from "node:assert";
import { KeyBoard, makeBoard } from "../../src/engine/key-board.ts";
import { PageBudget, pageCounts } from "../../src/engine/page-budget.ts";
import { Shard } from "../../src/engine/shard.ts";
import { Wakes } from "../../src/engine/wakes.ts";
import { EngineShard } from "./engine.ts";
import type { NewJob, Reply } from "./answers.ts";
import type { ShardOptions } from "./engine.ts";

/** Microseconds of a second. */
export const SECOND = 1_000_000;

/** The name of the tube. */
export const TUBE = "work";

export class OneTube {
  readonly shard: EngineShard;
  readonly tube: number;
  readonly conn: number;
  /** Microseconds. */
  now = 1_700_000_000 * SECOND;
  #lastId = 0;

  constructor(options: ShardOptions = {}) {
    this.shard = EngineShard.open(options);
    this.tube = this.shard.useTube(0, TUBE, 1).ref;
    this.conn = this.openConn();
  }

  /** The host's handle on the shard. */
  handle(): Shard {
    const { module, memory } = this.shard;
    const budget = new PageBudget(pageCounts(0, 0));
    const board = new KeyBoard(makeBoard(), () => budget.countPage());
    return new Shard(0, 0, 1, module, memory, budget, board, new Wakes());
  }

  /** Another connection that watches the tube. */
  openConn(thread = 0): number {
    const { ref } = this.shard.openConn(thread, 7);
    strictEqual(this.shard.watchTube(thread, ref, TUBE, 2).reply.answer, "DONE");
    return ref;
  }

  get nextId(): number {
    return this.#lastId + 1;
  }

  /** Puts a job with the next id, or with what it is told. */
  put(job: Partial<NewJob> = {}): Reply {
    const id = job.id ?? this.nextId;
    this.#lastId = Math.max(id, this.#lastId);
    return this.shard.put(0, this.tube, { ...job, id }, this.now);
  }

  /** Puts `count` jobs; they must all be accepted. */
  putMany(count: number, job: Omit<Partial<NewJob>, "id"> = {}): void {
    for (let i = 0; i < count; i++) strictEqual(this.put(job).answer, "DONE");
  }

  take(conn = this.conn): Reply {
    return this.shard.take(0, conn, this.now);
  }

  /** Takes and deletes so many. */
  deleteMany(count: number): void {
    for (let i = 0; i < count; i++) {
      const { id = 0 } = this.take();
      strictEqual(this.shard.deleteJob(0, this.conn, id, this.now).answer, "DONE");
    }
  }

  /** Takes and deletes all there is; returns the ids in the order in which they came. */
  drain(): number[] {
    const ids: number[] = [];
    for (let { id } = this.take(); id !== undefined; { id } = this.take()) {
      strictEqual(this.shard.deleteJob(0, this.conn, id, this.now).answer, "DONE");
      ids.push(id);
    }
    return ids;
  }

  /** A figure of the tube's statistics. */
  figure(which: number): number {
    return this.shard.statsTube(0, TUBE, this.now).figures?.[which] ?? Number.NaN;
  }
}
