/* NearSession: the commands that a client in this process gives without bytes (near-commands.ts).
 *
 * Each call is a turn of the session, which has seen to it that nothing else of the
 * connection is under way, and without a journal, so that no reply has to wait. Used by session.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import { countWithin } from "../near-commands.ts";
import type { NearCommands } from "../near-commands.ts";
import { OP } from "../protocol/commands.ts";
import { COUNTER_OPS } from "./counters.ts";
import type { Desk } from "./desk.ts";
import type { Roles } from "./roles.ts";
import type { TubeCommands } from "./tube-commands.ts";

/** Those of one session. */
export class NearSession implements NearCommands {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #tubes: TubeCommands;
  readonly #roles: Roles;
  readonly #turn: (run: () => void) => void;

  /** Each call is a turn of the session. */
  constructor(
    desk: Desk,
    reserver: Reserver,
    tubes: TubeCommands,
    roles: Roles,
    turn: (run: () => void) => void,
  ) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#tubes = tubes;
    this.#roles = roles;
    this.#turn = turn;
  }

  putMany(
    bodies: readonly Uint8Array[],
    pri: number,
    delaySeconds: number,
    ttrSeconds: number,
    put: (id: number, isBuried: boolean) => void,
  ): number {
    return this.#inTurn(() => this.#putMany(bodies, pri, delaySeconds, ttrSeconds, put));
  }

  reserve(
    roomFor: (bytes: number) => Uint8Array,
    reserved: (id: number, body: Uint8Array) => void,
  ): void {
    this.#inTurn(() => this.#reserveMany(OP.RESERVE, 1, roomFor, reserved));
  }

  reserveMany(
    most: number,
    roomFor: (bytes: number) => Uint8Array,
    reserved: (id: number, body: Uint8Array) => void,
  ): number {
    return this.#inTurn(() => this.#reserveMany(OP.RESERVE_WITH_TIMEOUT, most, roomFor, reserved));
  }

  deleteMany(ids: readonly number[]): number {
    return this.#inTurn(() => this.#deleteMany(ids));
  }

  #inTurn(run: () => number): number {
    return countWithin(this.#turn, run);
  }

  #putMany(
    bodies: readonly Uint8Array[],
    pri: number,
    delaySeconds: number,
    ttrSeconds: number,
    put: (id: number, isBuried: boolean) => void,
  ): number {
    const desk = this.#desk;
    const { shard, tube } = this.#tubes.used;
    if (tube === 0 || desk.putRefusal !== undefined) return 0;
    const most = this.#share(bodies.length);
    const first = desk.takeIds(most);
    if (first === 0) return 0;
    const longest = this.#longestBody();
    const { now } = desk;
    let done = 0;
    for (; done < most; done++) {
      const body = bodies[done];
      if (body === undefined || body.length > longest) break;
      const id = first + done;
      desk.stageBody(shard, body);
      const answer = shard.put(tube, id, pri, delaySeconds, ttrSeconds, 0, body.length, now);
      if (answer !== C.DONE && answer !== C.BURIED) break;
      desk.hint(id, shard);
      put(id, answer === C.BURIED);
    }
    desk.giveBackIds(first + done, first + most - 1);
    if (done > 0) this.#roles.becomeProducer();
    return this.#counted(OP.PUT, done);
  }

  /** In bytes, of those that the tube in use takes in one piece. */
  #longestBody(): number {
    const { shard, tube } = this.#tubes.used;
    const longest = Math.min(this.#desk.limits.maxJobBytes, C.INPUT_BYTES);
    const ofTube = shard.longestBody(tube);
    return ofTube === C.NOT_SET ? longest : Math.min(longest, ofTube);
  }

  #reserveMany(
    op: number,
    most: number,
    roomFor: (bytes: number) => Uint8Array,
    reserved: (id: number, body: Uint8Array) => void,
  ): number {
    const desk = this.#desk;
    let done = 0;
    for (const share = this.#share(most); done < share; done++) {
      const shard = this.#reserver.take(desk.now);
      if (shard === undefined) break;
      const id = shard.field(C.RESULT_ID);
      const body = roomFor(shard.field(C.RESULT_BODY_BYTES));
      if (!desk.copyBody(shard, id, body)) break; // its time to run is over already
      desk.hint(id, shard);
      reserved(id, body);
    }
    if (done > 0) this.#roles.becomeWorker();
    return this.#counted(op, done);
  }

  #deleteMany(ids: readonly number[]): number {
    const desk = this.#desk;
    let done = 0;
    for (const share = this.#share(ids.length); done < share; done++) {
      const id = ids[done] ?? 0;
      const shard = desk.likelyShard(id);
      if (shard.deleteJob(this.#reserver.record(shard), id, desk.now) !== C.DONE) break;
    }
    return this.#counted(OP.DELETE, done);
  }

  /** A turn has as many commands as when they come as bytes. */
  #share(commands: number): number {
    return Math.min(commands, this.#desk.limits.commandsPerTurn);
  }

  #counted(op: number, commands: number): number {
    this.#desk.count(COUNTER_OPS + op, commands);
    return commands;
  }
}
