/* DeadLetters: carries dead jobs to the dead-letter tubes of their tubes, on one thread.
 *
 * The engine says which are to go (assembly/dead.ts). They go as a move goes, at the end of the
 * turn in which they died or, to another shard, as soon as the journal lets them (migration.ts);
 * after a restart, those that it kept from going go then. Several threads may carry at once: who
 * comes too late finds nothing. Where there is no room for a job it stays buried and is put off,
 * and nobody else with it (put-off.ts). Owned by the host, which calls `carry` at the end of each
 * turn.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import { shardOfTube } from "../engine/shards.ts";
import type { Desk } from "./desk.ts";
import { Migration } from "./migration.ts";
import { PutOff } from "./put-off.ts";
import type { PutTube } from "./putting.ts";
import type { Turns } from "./turns.ts";

/** Most jobs of a shard that one turn carries. */
const TURN_JOBS = 64;
/** Most that are on their way to other shards at once. */
const UNDER_WAY_MAX = 64;
/** How long all wait while nothing can be recorded, in microseconds. */
const RETRY_MICROS = 1_000_000;

/** Those of one thread. */
export class DeadLetters {
  readonly #desk: Desk;
  readonly #turns: Turns;
  /** Before that nothing is tried. */
  #notBefore = 0;
  /** The jobs of each shard that could not go. */
  readonly #putOff: readonly PutOff[];
  #underWay = 0;
  /** It waits for room in the journal's rings. */
  #waits = false;

  constructor(desk: Desk, turns: Turns) {
    this.#desk = desk;
    this.#turns = turns;
    this.#putOff = desk.shards.map(() => new PutOff());
  }

  /** When there is something to be carried: NEVER_MICROS while there is nothing, or no way. */
  get nextDueMicros(): number {
    if (this.#waits || this.#underWay >= UNDER_WAY_MAX) return C.NEVER_MICROS;
    let due = C.NEVER_MICROS;
    for (const [at, putOff] of this.#putOff.entries()) {
      if (this.#desk.shards[at]?.hasLeaving === true) due = Math.min(due, putOff.nextDueMicros);
    }
    return due === C.NEVER_MICROS ? due : Math.max(due, this.#notBefore);
  }

  /** Carries some of those that are to go. */
  carry(): void {
    for (const [at, putOff] of this.#putOff.entries()) {
      const shard = this.#desk.shards[at];
      if (shard?.hasLeaving === true) this.#carryFrom(shard, putOff);
    }
  }

  #carryFrom(from: Shard, putOff: PutOff): void {
    const desk = this.#desk;
    putOff.beginLook(TURN_JOBS);
    for (let left = TURN_JOBS; left > 0 && this.#mayGoOn; left--) {
      const answer = from.nextDead(desk.now);
      if (answer === C.NONE) return;
      if (answer === C.MORE) continue; // it stays
      const id = from.field(C.RESULT_ID);
      if (putOff.passes(id, desk.now)) {
        if (putOff.hasSeenAll(desk.now)) return;
        continue;
      }
      const name = from.output.slice(0, from.field(C.RESULT_NAME_BYTES));
      if (!this.#send(from, id, name, putOff)) putOff.add(id, desk.now);
    }
  }

  get #mayGoOn(): boolean {
    const desk = this.#desk;
    if (this.#waits || this.#underWay >= UNDER_WAY_MAX || desk.now < this.#notBefore) return false;
    if (desk.isJournalFull || desk.isReadOnly) {
      this.#notBefore = desk.now + RETRY_MICROS;
      return false;
    }
    if (!desk.room.isThere) this.#waitForRoom();
    return !this.#waits;
  }

  #waitForRoom(): void {
    const { room } = this.#desk;
    this.#waits = true;
    room.wait({
      hasRoom: () => room.isThere,
      goOn: () => {
        this.#waits = false;
        this.#turns.alone(() => undefined); // at its end it is carried on
      },
    });
  }

  /** False when there was no room for the job where it was to go, or it is not to go now. */
  #send(from: Shard, id: number, name: Uint8Array, putOff: PutOff): boolean {
    const to = this.#use(name);
    if (to === undefined) return false;
    const { now } = this.#desk;
    const answer = from === to.shard ? from.moveDead(id, to.tube, now) : C.MORE;
    if (answer === C.MORE && from.beginDeadMove(id, now) === C.DONE)
      return this.#migrate(from, id, to, putOff);
    to.shard.unuseTube(to.tube);
    return answer === C.DONE || answer === C.BURIED;
  }

  #migrate(from: Shard, id: number, to: PutTube, putOff: PutOff): boolean {
    const migration = Migration.begin({ desk: this.#desk, turns: this.#turns, id, from, to });
    if (migration === undefined) {
      to.shard.unuseTube(to.tube);
      return false;
    }
    this.#underWay++;
    migration.goOnAlone((hasMoved) => {
      this.#underWay--;
      if (!hasMoved) putOff.add(id, this.#desk.now);
    });
    return true;
  }

  /** The tube, made if need be, and used; undefined when there are too many. */
  #use(name: Uint8Array): PutTube | undefined {
    const desk = this.#desk;
    const shard = desk.shards[shardOfTube(name, 0, name.length, desk.shards.length)];
    if (shard === undefined) return undefined;
    desk.stageName(shard, name);
    if (shard.useTube(0, name.length, desk.nextTubeNumber()) !== C.DONE) return undefined;
    return { shard, tube: shard.address() };
  }
}
