/* Moves: a job moves between two shards, and the process ends at each call of the storage in turn.
 * Then it starts with another number of shards, and with two again, while segments go. The ledger
 * judges each start. Used by moves.test.ts and mutants.ts.
 */
import { randomFrom } from "../engine/shuffle.ts";
import { shardOfTube } from "../../src/engine/shards.ts";
import { TUBES } from "./clients.ts";
import { LedgerError } from "./ledger.ts";
import type { LedgerJob } from "./ledger.ts";
import type { Code } from "./code.ts";
import { segmentName } from "../../src/journal/format.ts";
import { NO_FAULTS } from "./simulated-disk.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

/** Of such jobs a segment holds twenty or so. */
const LARGE = 6000;
/** A body in three parts. */
const LONG = 10_000;
/** Parts of the journal's upkeep that suffice for all there is to do. */
const UPKEEP = 200;
/** So many, of each of which so many jobs stay, that one in which less stands is reclaimed. */
const SEGMENTS = 8;
const KEPT = 4;
/** Jobs that stay beside what is recorded of the move. */
const BESIDE = 10;
/**
 * Calls that a move makes, at least: it waits three times until something is safe, in a batch once.
 */
const CALLS_MIN = 6;

/** What is tried with the job. */
export interface Course {
  /** It moves with a batch. */
  readonly isInBatch: boolean;
  readonly bodyBytes: number;
  /** Shards that the server has behind the crash; one has both tubes. */
  readonly through: 1 | 4;
  /**
   * It is deleted by that server, and what says so goes before its first record. If not,
   * that goes first.
   */
  readonly isDeleted: boolean;
}

export const COURSES: readonly Course[] = [false, true].flatMap((isInBatch) =>
  [100, LONG].flatMap((bodyBytes) =>
    [true, false].flatMap((isDeleted) =>
      ([1, 4] as const).map((through) => ({ isInBatch, bodyBytes, through, isDeleted })),
    ),
  ),
);

/** A tube of the other one of two shards. */
function tubeElsewhere({ tube }: LedgerJob): string {
  const shard = (name: string): number => shardOfTube(Buffer.from(name), 0, name.length, 2);
  const found = TUBES.find((name) => shard(name) !== shard(tube));
  if (found === undefined) throw new LedgerError("all tubes are in one shard");
  return found;
}

class Move {
  readonly #world: World;
  readonly #course: Course;
  /** Where its first record is. */
  #others: readonly number[] = [];

  constructor(course: Course, code: Code) {
    this.#course = course;
    this.#world = new World(
      randomFrom(1),
      {
        level: "sync",
        intervalMillis: 20,
        shards: 2,
        segmentBytes: SEGMENT_BYTES,
        keepsReleases: false,
        hasLongBodies: true,
        hasMessages: false,
        faults: NO_FAULTS,
      },
      code,
    );
  }

  /** The process ends behind so many calls of the move; false when it made no more than that. */
  endBehind(calls: number): boolean {
    const world = this.#world;
    world.boot();
    const job = this.#putJob();
    this.#others = this.#fillSegment();
    if (!this.#course.isDeleted) this.#stayBeside();
    world.clients.reserveJob(job);
    const hasEnded = this.#endsIn(() => this.#move(job, tubeElsewhere(job)), calls);
    this.#start(this.#course.through);
    if (this.#course.isDeleted) this.#delete([job.id]);
    else this.#letGo(() => !world.disk.names.includes(segmentName(1)));
    this.#start(2);
    this.#letGo();
    this.#start(2);
    return hasEnded;
  }

  #move(job: LedgerJob, tube: string): void {
    const { batches, travels } = this.#world.clients;
    if (!this.#course.isInBatch) travels.move(job, tube);
    else if (!batches.carryOut([batches.move(job, tube)]))
      throw new LedgerError("a batch was refused");
    else this.#world.commit();
  }

  #start(shards: number): void {
    this.#world.crash(false);
    this.#world.reshard(shards);
    this.#world.boot();
  }

  #endsIn(act: () => void, calls: number): boolean {
    this.#world.crashAfter(calls);
    try {
      act();
      return false;
    } catch (error) {
      if (!this.#world.isEnd(error)) throw error;
      return true;
    }
  }

  #putJob(): LedgerJob {
    const { clients } = this.#world;
    if (this.#course.bodyBytes === LONG) clients.uploads.putWhole(LONG);
    else clients.put(this.#course.bodyBytes, 0, "");
    const job = clients.newestJob();
    if (job === undefined) throw new LedgerError("a put was refused");
    return job;
  }

  /** Jobs with which the present segment comes to its end, but for the one behind that. */
  #fillSegment(): readonly number[] {
    const world = this.#world;
    const { currentSegment } = world.journal.figures;
    const ids: number[] = [];
    while (world.journal.figures.currentSegment === currentSegment) {
      ids.push(world.clients.put(LARGE, 0, ""));
      world.makeRoom();
    }
    this.#delete(ids.splice(-1));
    return ids;
  }

  #stayBeside(): void {
    for (let left = BESIDE; left > 0; left--) {
      this.#world.clients.put(LARGE, 0, "");
      this.#world.makeRoom();
    }
  }

  #delete(ids: readonly number[]): void {
    for (const id of ids) {
      const job = this.#world.ledger.jobs.get(id);
      if (job !== undefined) this.#world.clients.delete(job);
      this.#world.makeRoom();
    }
  }

  /** Segments go, as many as can or are enough. */
  #letGo(isEnough = (): boolean => false): void {
    if (!this.#course.isDeleted) this.#delete(this.#others);
    for (let left = SEGMENTS; left > 0 && !isEnough(); left--)
      this.#delete(this.#fillSegment().slice(KEPT));
    if (isEnough()) return;
    for (let left = UPKEEP; left > 0 && this.#world.journal.maintain(); left--)
      this.#world.commit();
    this.#world.commit();
  }
}

/** One course, through the end of the process at each call. Throws what goes wrong. */
export function endInEachCall(course: Course, code: Code): void {
  let calls = 0;
  while (new Move(course, code).endBehind(calls)) calls++;
  if (calls < (course.isInBatch ? CALLS_MIN / 3 : CALLS_MIN))
    throw new LedgerError("the move was not cut off");
}
