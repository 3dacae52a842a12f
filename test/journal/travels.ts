/* Travels: jobs that a world's clients move to other tubes, within a shard and from one to another,
 * through the engine's calls as the sessions make them (src/session/migration.ts). Made by
 * clients.ts for each start of the server.
 */
import * as C from "../../assembly/constants.ts";
import type { MoveOrder } from "../../src/engine/orders.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { LedgerError, shownTagsOf } from "./ledger.ts";
import type { LedgerJob } from "./ledger.ts";
import type { Surroundings } from "./surroundings.ts";

/** Times that is waited for a commit to be safe, at most. */
const WAITS_MAX = 100;

/** What the clients do for those who move jobs. */
export interface Home {
  shardOf(tube: string): Shard;
  tubeOf(name: string): number;
  connOf(shard: Shard): number;
  /** What is said about a failure; 0 when nothing. */
  openFailure(shard: Shard): number;
  /** The job once an attempt at it has ended. */
  failed(shard: Shard, job: LedgerJob, lsn: number): LedgerJob;
  changed(shard: Shard, job: LedgerJob, lsn: number): void;
  /** The tags that the job will have in that tube. */
  tagsIn(tube: string, job: LedgerJob): string;
}

/** A job whose copy is at that address. */
interface Arriving {
  readonly job: LedgerJob;
  readonly arrival: number;
  /** Up to where the stream of the shard that it leaves went then. */
  readonly leftLsn: number;
}

/** Those of one server. */
export class Travels {
  readonly #world: Surroundings;
  readonly #home: Home;

  constructor(world: Surroundings, home: Home) {
    this.#world = world;
    this.#home = home;
  }

  /** Moves a job; it may be held by the connection of its shard. */
  move(job: LedgerJob, tube: string): void {
    const [from, to] = [this.#home.shardOf(job.tube), this.#home.shardOf(tube)];
    this.#world.bring(from, job.id);
    const conn = this.#home.connOf(from);
    const failure = this.#home.openFailure(from);
    const { now } = this.#world;
    const target = this.#home.tubeOf(tube);
    const tags = this.#home.tagsIn(tube, job);
    if (from === to) {
      const answer = from.moveJob(conn, job.id, target, failure, now);
      if (answer === C.DONE) {
        const lsn = from.field(C.RESULT_LSN);
        const failed = this.#home.failed(from, job, lsn);
        this.#home.changed(from, { ...failed, tube, tags, leaves: false }, lsn);
        this.#checkTags(job.id, tags);
        return;
      }
      if (answer === C.OUT_OF_MEMORY) {
        if (failure !== 0) from.dropFailure(failure);
        return; // with the name of that tube its record is too long
      }
      if (answer !== C.MORE) throw new LedgerError(`job ${job.id} cannot be moved: ${answer}`);
    }
    if (from.beginMove(conn, job.id, failure, now) !== C.DONE)
      throw new LedgerError(`job ${job.id} cannot leave`);
    this.migrate(job, from, to, { tube, tags, leaves: false });
    this.#checkTags(job.id, tags);
  }

  /** Goes on with a job that has left its place: `there` is what changes. */
  migrate(job: LedgerJob, from: Shard, to: Shard, there: Partial<LedgerJob>): void {
    const target = this.#home.tubeOf(there.tube ?? job.tube);
    const moved = this.#open(job, from, to, target);
    if (moved === undefined) return;
    this.#copyBody(job.id, moved.job.bodyBytes, moved.arrival, from, to);
    this.#untilSafe(from, moved.leftLsn);
    this.#copyFailures(job.id, moved.arrival, from, to);
    this.#arrive({ ...moved, job: { ...moved.job, ...there } }, from, to);
  }

  /**
   * Claims a job for a batch that is to move it to a tube, and copies it if need be (as
   * src/session/batch-moves.ts); undefined when there is no memory for the copy.
   */
  prepare({ id, bodyBytes, tube: before }: LedgerJob, tube: string): MoveOrder | undefined {
    const [from, to] = [this.#home.shardOf(before), this.#home.shardOf(tube)];
    const target = this.#home.tubeOf(tube);
    this.#world.bring(from, id);
    const answer = from.claimMove(this.#home.connOf(from), id, 0, this.#world.now);
    if (answer !== C.DONE && answer !== C.MORE)
      throw new LedgerError(`job ${id} cannot be claimed: ${answer}`);
    const order = { to, tube: target, claimedIn: from, arrival: 0, hasArrived: false };
    if (answer === C.DONE && from === to) return order;
    const leftLsn = from.field(C.RESULT_LSN);
    const arrival = this.#openArrival(id, from, to, target);
    if (arrival === 0) {
      from.dropClaim(id);
      return undefined;
    }
    this.#copyBody(id, bodyBytes, arrival, from, to);
    this.#untilSafe(from, leftLsn);
    this.#copyFailures(id, arrival, from, to);
    return { ...order, arrival };
  }

  /** What was claimed and copied for a batch is not needed. */
  giveUp(id: number, { to, claimedIn, arrival }: MoveOrder): void {
    claimedIn?.dropClaim(id);
    if (arrival === 0) return;
    if (!this.#world.hasRoom()) this.#makeRoom();
    to.dropArrival(arrival);
  }

  #checkTags(id: number, tags: string): void {
    const found = this.#world.observer.observe(id, this.#world.now);
    const job = this.#world.ledger.jobs.get(id);
    if (job === undefined || found?.tags !== shownTagsOf({ ...job, tags }))
      throw new LedgerError(`job ${id} came with${found?.tags}, not with${tags}`);
  }

  /**
   * Opens the copy; returns it, with the failure that its leaving may have been. Undefined, and the
   * job is back in its place, when its record would be too long with the name of that tube.
   */
  #open(job: LedgerJob, from: Shard, to: Shard, target: number): Arriving | undefined {
    const leftLsn = from.field(C.RESULT_LSN);
    const arrival = this.#openArrival(job.id, from, to, target);
    const failed = this.#home.failed(from, job, leftLsn);
    if (arrival !== 0) return { job: failed, arrival, leftLsn };
    from.abortMove(job.id, this.#world.now);
    return undefined;
  }

  /** A copy of the job that its shard describes; 0 without memory, or when it would be too long. */
  #openArrival(id: number, from: Shard, to: Shard, target: number): number {
    const shown = (which: number): number => from.field(C.RESULT_STATS + which);
    const [bytes, moves, hasParts] = [C.MOVE_BYTES, C.MOVE_MOVES, C.MOVE_HAS_PARTS].map(shown);
    const [state, pri, delay, ttr] = [
      C.MOVE_STATE,
      C.MOVE_PRI,
      C.MOVE_DELAY_SECONDS,
      C.MOVE_TTR_SECONDS,
    ].map(shown);
    const [created, major] = [C.MOVE_CREATED, C.MOVE_MAJOR].map(shown);
    const [reserves, failures] = [shown(C.MOVE_RESERVES), shown(C.MOVE_FAILURES)];
    const tagBytes = shown(C.MOVE_TAG_BYTES);
    to.tags.set(from.output.subarray(0, tagBytes));
    const opened = to.openArrival(
      target,
      id,
      state ?? 0,
      pri ?? 0,
      delay ?? 0,
      ttr ?? 0,
      bytes ?? 0,
      created ?? 0,
      major ?? 0,
      moves ?? 0,
      hasParts ?? 0,
      tagBytes,
    );
    if (opened === C.OUT_OF_MEMORY) return 0;
    const arrival = to.address();
    to.countArrival(arrival, reserves, 0, 0, 0, 0, failures);
    return arrival;
  }

  #copyBody(id: number, bodyBytes: number, arrival: number, from: Shard, to: Shard): void {
    for (let position = 0; position < bodyBytes;) {
      from.readBody(id, position);
      const count = Math.min(from.field(C.RESULT_COUNT), 1 + this.#world.random(C.OUTPUT_BYTES));
      to.input.set(from.output.subarray(0, count));
      const answer = to.appendArrival(arrival, position, 0, count);
      position += to.field(C.RESULT_COUNT);
      if (answer === C.MORE) this.#makeRoom();
      else if (answer !== C.DONE) throw new LedgerError(`job ${id} finds no place`);
    }
  }

  #copyFailures(id: number, arrival: number, from: Shard, to: Shard): void {
    let last = 0;
    while (from.nextFailure(id, last, this.#world.now) === C.DONE) {
      const shown = (which: number): number => from.field(C.RESULT_STATS + which);
      const who = from.field(C.RESULT_NAME_BYTES);
      const bytes = from.field(C.RESULT_COUNT); // messages are shorter than an output slot
      const hasMessage = shown(C.FAILURE_MESSAGE_BYTES) === C.NO_MESSAGE ? 0 : 1;
      const [number = 0, attempt = 0, at = 0, end = 0] = [
        C.FAILURE_NUMBER,
        C.FAILURE_ATTEMPT,
        C.FAILURE_AT_MICROS,
        C.FAILURE_END,
      ].map(shown);
      to.who.set(from.output.subarray(0, who));
      to.input.set(from.output.subarray(who, who + bytes));
      to.openArrivedFailure(number, attempt, at, end, who, bytes, hasMessage);
      const failure = to.address();
      to.appendArrivedFailure(failure, 0, 0, bytes);
      while (to.addArrivedFailure(arrival, failure) === C.MORE) this.#makeRoom();
      last = number;
    }
  }

  /** The copy is recorded, the other one ends, and the copy takes its place. */
  #arrive({ job, arrival }: Arriving, from: Shard, to: Shard): void {
    const world = this.#world;
    if (!world.hasRoom()) world.makeRoom();
    to.commitArrival(arrival);
    const departed = world.ledger.moves(from.index, to.index, to.field(C.RESULT_LSN), job);
    world.totals.mutations++;
    this.#untilSafe(to, to.field(C.RESULT_LSN));
    from.departMove(job.id);
    departed(from.field(C.RESULT_LSN));
    this.#untilSafe(from, from.field(C.RESULT_LSN));
    to.settleArrival(job.id, world.now);
    from.forgetMove(job.id, world.now);
  }

  /** Comes back when there is room, or when there was a try more at it on a full disk. */
  #makeRoom(): void {
    this.#world.makeRoom();
    if (!this.#world.hasRoom()) this.#world.outwaitFullDisk();
  }

  #untilSafe(shard: Shard, lsn: number): void {
    for (let left = WAITS_MAX; !this.#world.isSafe(shard, lsn); left--) {
      if (left === 0) throw new LedgerError("what was recorded is never safe");
      // On a full disk it waits until somebody deletes a file elsewhere.
      if (left <= WAITS_MAX / 2) this.#world.outwaitFullDisk();
      this.#makeRoom();
    }
  }
}
