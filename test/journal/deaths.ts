/* Deaths: jobs of a world that have all their attempts behind them, and how those of them come to
 * the dead-letter tubes that are to, as the sessions carry them (src/session/dead-letters.ts). Made
 * by clients.ts for each start of the server.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { LedgerError } from "./ledger.ts";
import type { LedgerJob } from "./ledger.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Home, Travels } from "./travels.ts";

/** What jobs have that are to die of their first attempt. */
export const MORTAL = " max:1";

/** Whether a job is MORTAL and lives. */
export function isMortal({ tags, isDead }: LedgerJob): boolean {
  return / max:1(?: |$)/.test(tags) && isDead !== true;
}

/** Those of one server. */
export class Deaths {
  readonly #world: Surroundings;
  readonly #home: Home;
  readonly #travels: Travels;

  constructor(world: Surroundings, home: Home, travels: Travels) {
    this.#world = world;
    this.#home = home;
    this.#travels = travels;
  }

  /** A job that is held and MORTAL is released, and dead. */
  release(job: LedgerJob): void {
    const { machine, now, journalShards } = this.#world;
    const shard = this.#home.shardOf(job.tube);
    const failure = this.#home.openFailure(shard);
    const from = journalShards[shard.index]?.head ?? 0;
    const conn = this.#home.connOf(shard);
    if (shard.release(conn, job.id, job.pri, 0, failure, now) !== C.BURIED)
      throw new LedgerError(`job ${job.id} lives on`);
    const lsn = shard.field(C.RESULT_LSN);
    const leaves = this.#sendsDead(job.tube);
    if (machine.isToLeave(job.id) !== leaves)
      throw new LedgerError(`job ${job.id} ${leaves ? "stays" : "is to leave"}`);
    // That it was charged comes first: whoever reads no more than that finds it dead.
    const dead = { ...job, isDead: true, isBuried: true, leaves };
    this.#home.changed(shard, dead, from + 1);
    this.#home.changed(shard, this.#home.failed(shard, dead, lsn), lsn);
  }

  #sendsDead(tube: string): boolean {
    const values = this.#world.ledger.settings.get(tube)?.split(",").map(Number) ?? [];
    return (values[C.SETTING_DEAD] ?? C.NOT_SET) !== C.NOT_SET;
  }

  /** Carries some job that is to leave, in each shard. */
  carry(): void {
    for (const shard of this.#world.machine.shards) {
      if (this.#world.journal.isFull) return;
      if (!this.#world.hasRoom()) this.#world.makeRoom();
      if (this.#world.hasRoom()) this.#carryFrom(shard);
    }
  }

  #carryFrom(from: Shard): void {
    const { now } = this.#world;
    const answer = from.nextDead(now);
    if (answer === C.NONE) return;
    const id = from.field(C.RESULT_ID);
    const job = this.#world.ledger.jobs.get(id);
    if (job?.leaves !== true) throw new LedgerError(`job ${id} is not to leave`);
    if (answer === C.MORE) {
      if (this.#sendsDead(job.tube)) throw new LedgerError(`job ${id} stays`);
      this.#home.changed(from, { ...job, leaves: false }, from.field(C.RESULT_LSN));
      return;
    }
    const tube = Buffer.from(from.output.subarray(0, from.field(C.RESULT_NAME_BYTES))).toString();
    const tags = this.#home.tagsIn(tube, job);
    const there = { tube, tags, isBuried: false, leaves: false, due: 0 };
    const to = this.#home.shardOf(tube);
    this.#world.bring(from, id);
    const moved = from === to ? from.moveDead(id, this.#home.tubeOf(tube), now) : C.MORE;
    if (moved === C.DONE) {
      this.#home.changed(from, { ...job, ...there }, from.field(C.RESULT_LSN));
      return;
    }
    if (moved !== C.MORE || from.beginDeadMove(id, now) !== C.DONE)
      throw new LedgerError(`job ${id} cannot leave: ${moved}`);
    this.#travels.migrate(job, from, to, there);
  }
}
