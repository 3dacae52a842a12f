/* Windows: the workers of a world as those that are sent jobs unasked, as the sessions send them
 * (src/session/window.ts): each is told what it is given, and of what it lost.
 *
 * What a JOB says must be as safe as what made the job what it is: the position that it waits for
 * at the gate lies behind that. A LOST is about a job that the worker does not hold. Made by
 * clients.ts for each start of the server.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { bodyOf } from "./bodies.ts";
import { isMortal } from "./deaths.ts";
import { LedgerError } from "./ledger.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Home } from "./travels.ts";

/** So many jobs at once, at most. */
const JOBS_MAX = 4;
/** It does not wait where there is none. */
const NO_GENERATION = 0;

/** Those of one server. */
export class Windows {
  readonly #world: Surroundings;
  readonly #home: Pick<Home, "connOf" | "shardOf">;

  constructor(world: Surroundings, home: Pick<Home, "connOf" | "shardOf">) {
    this.#world = world;
    this.#home = home;
  }

  /** The worker of a shard listens, in these tubes; false when there is no memory for it. */
  open(shard: Shard, conn: number, tubes: readonly string[]): boolean {
    for (const tube of tubes) {
      if (this.#home.shardOf(tube) !== shard) continue;
      shard.input.set(Buffer.from(tube));
      const number = this.#world.machine.shards[0]?.nextNumber() ?? 1;
      if (shard.watchTube(conn, 0, tube.length, number) !== C.DONE) return false;
    }
    return shard.openNotes(conn) === C.DONE;
  }

  /** The worker of some shard has room for a few jobs more. */
  fill(): void {
    const { machine, random, now } = this.#world;
    const shard = machine.shards[random(machine.shards.length)];
    if (shard === undefined || this.#hasMortal(shard)) return;
    const conn = this.#home.connOf(shard);
    const most = shard.heldCount(conn) + 1 + random(JOBS_MAX);
    const answer = shard.fill(conn, most, 0, 0, NO_GENERATION, now);
    const awaited = shard.field(C.RESULT_ID);
    const lsn = shard.field(C.RESULT_LSN);
    const said = Buffer.from(shard.output.subarray(0, shard.field(C.RESULT_REPLY_BYTES)));
    if (answer === C.AWAY && random(4) > 0) this.#world.bring(shard, awaited);
    if (answer === C.LONG) shard.unpinBody(shard.field(C.RESULT_ID));
    this.#judge(shard, said, lsn);
  }

  /** One that is to die of its first attempt must not time out unheard. */
  #hasMortal(shard: Shard): boolean {
    const jobs = [...this.#world.ledger.jobs.values()];
    return jobs.some((job) => isMortal(job) && this.#home.shardOf(job.tube) === shard);
  }

  /** What is to be told in each shard is. */
  tell(): void {
    for (const shard of this.#world.machine.shards) {
      for (let answer = C.MORE; answer === C.MORE;) {
        answer = shard.takeNotes(this.#home.connOf(shard));
        const bytes = shard.field(C.RESULT_REPLY_BYTES);
        this.#judge(shard, Buffer.from(shard.output.subarray(0, bytes)), 0);
      }
    }
  }

  #judge(shard: Shard, said: Buffer, lsn: number): void {
    for (let at = 0; at < said.length;) {
      const end = said.indexOf("\r\n", at);
      const [word, id, , tube, bytes] = said.toString("latin1", at, end).split(" ");
      at = end + 2;
      if (word === "LOST") this.#lose(shard, Number(id));
      else if (word === "JOB") {
        const body = said.subarray(at, Math.min(at + Number(bytes), said.length));
        this.#give(shard, Number(id), tube ?? "", Number(bytes), body, lsn);
        at += Number(bytes) + 2;
      } else if (word !== "CANCEL") throw new LedgerError(`${word} is told`);
    }
  }

  #lose(shard: Shard, id: number): void {
    const isHeld = shard.holds(this.#home.connOf(shard), id, this.#world.now) === C.DONE;
    if (isHeld) throw new LedgerError(`job ${id} is said to be lost, and is held`);
  }

  #give(shard: Shard, id: number, tube: string, bytes: number, body: Buffer, lsn: number): void {
    const { ledger, judge } = this.#world;
    const job = ledger.jobs.get(id);
    if (job?.tube !== tube || job.bodyBytes !== bytes || job.isBuried)
      throw new LedgerError(`job ${id} is sent, and is none that is ready in ${tube}`);
    if (!bodyOf(id, bytes).subarray(0, body.length).equals(body))
      throw new LedgerError(`job ${id} is sent with another body`);
    if (Math.floor(Math.abs(lsn)) < ledger.awaitedFor(shard.index, id))
      throw new LedgerError(`job ${id} is sent before it is safe`);
    judge.wasHeld(id);
  }
}
