/* DeadLetters: carries dead jobs to the dead-letter tubes of their tubes, on one thread.
 *
 * The engine says which are to go (assembly/dead.ts). They go as a move goes, at the end of the
 * turn in which they died or, to another shard, as soon as the journal lets them (migration.ts);
 * after a restart, those that it kept from going go then. Several threads may carry at once: who
 * comes too late finds nothing. Where there is no room for a job it stays buried and is put off,
 * and nobody else with it (put-off.ts). Many may have died at once: when so many were carried as
 * the others can wait for, in however many turns, the rest waits until they have had theirs. Owned
 * by the host, which calls `carry` at the end of each turn.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { Desk, PutTube } from "./desk.ts";
import { Migration } from "./migration.ts";
import { PutOff } from "./put-off.ts";
import type { Turns } from "./turns.ts";

/** Most jobs of a shard that one turn looks at, in which some may have come or go elsewhere. */
const TURN_JOBS = 64;
/** Most jobs that are carried, or begun with, before other connections have their turn. */
const SHARE_JOBS = 64;
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
  /** What is left of the share. */
  #left = SHARE_JOBS;
  /** The shard that is looked at first: the share of one is not always the same one's. */
  #first = 0;

  constructor(desk: Desk, turns: Turns) {
    this.#desk = desk;
    this.#turns = turns;
    this.#putOff = desk.shards.map(() => new PutOff());
  }

  /**
   * When there is something to be carried: NEVER_MICROS while there is nothing, or no way. What is
   * due when the share is used up is gone on with anyway, when the others have had their turn.
   */
  get nextDueMicros(): number {
    if (this.#waits || this.#underWay >= UNDER_WAY_MAX) return C.NEVER_MICROS;
    let due = C.NEVER_MICROS;
    for (const [at, putOff] of this.#putOff.entries()) {
      if (this.#desk.shards[at]?.hasLeaving === true) due = Math.min(due, putOff.nextDueMicros);
    }
    if (due !== C.NEVER_MICROS) due = Math.max(due, this.#notBefore);
    return this.#left === 0 && due <= this.#desk.now ? C.NEVER_MICROS : due;
  }

  /** Carries some of those that are to go. */
  carry(): void {
    if (this.#left === 0) return;
    const { shards } = this.#desk;
    const first = this.#first;
    for (let tried = 0; tried < shards.length && this.#left > 0; tried++) {
      const at = (first + tried) % shards.length;
      const [shard, putOff] = [shards[at], this.#putOff[at]];
      if (shard?.hasLeaving !== true) putOff?.forget();
      if (shard?.hasLeaving !== true || putOff === undefined) continue;
      this.#first = at + 1;
      this.#carryFrom(shard, putOff);
    }
    if (this.#left === 0) this.#yield();
  }

  /** Lets the others have their turn; there is another share then. */
  #yield(): void {
    this.#desk.later(() => {
      this.#left = SHARE_JOBS;
      if (this.nextDueMicros <= this.#desk.now) this.#goOn();
    });
  }

  /** A turn of nobody: at its end it is carried on. */
  #goOn(): void {
    this.#turns.alone(() => undefined);
  }

  #carryFrom(from: Shard, putOff: PutOff): void {
    const desk = this.#desk;
    if (!putOff.beginLook(TURN_JOBS, from.leavingChanges, desk.now)) return;
    for (let looks = TURN_JOBS; looks > 0 && this.#left > 0 && this.#mayGoOn; looks--) {
      const answer = from.nextDead(desk.now);
      if (answer === C.NONE) return;
      if (answer === C.MORE) {
        this.#left--; // it stays
        continue;
      }
      const id = from.field(C.RESULT_ID);
      if (putOff.passes(id, desk.now)) {
        if (putOff.hasSeenAll(desk.now)) return;
        continue;
      }
      this.#left--;
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
        this.#goOn();
      },
    });
  }

  /** False when there was no room for the job where it was to go, or it is not to go now. */
  #send(from: Shard, id: number, name: Uint8Array, putOff: PutOff): boolean {
    const to = this.#desk.useTube(name);
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
}
