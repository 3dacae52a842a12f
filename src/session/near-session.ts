/* NearSession: the commands that a client in this process gives without bytes (near-commands.ts).
 *
 * Each call is a turn of the session, which has seen to it that nothing else of the
 * connection is under way, and without a journal, so that no reply has to wait. Used by session.ts.
 */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
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
    let done = 0;
    while (done < most) {
      const staged = this.#stageJobs(shard, bodies.slice(done, most), first + done, longest);
      if (staged === 0) break;
      const answer = shard.putMany(tube, staged, pri, delaySeconds, ttrSeconds, desk.now);
      const count = shard.field(C.RESULT_COUNT);
      const buried = answer === C.BURIED ? count : 0;
      for (let nth = 1; nth <= count; nth++) {
        const id = first + done++;
        desk.hint(id, shard);
        put(id, nth === buried);
      }
      if (answer !== C.DONE && answer !== C.BURIED) break;
    }
    desk.giveBackIds(first + done, first + most - 1);
    if (done > 0) this.#roles.becomeProducer();
    return this.#counted(OP.PUT, done);
  }

  /** Brings bodies to the input slot, as many as fit; returns how many. */
  #stageJobs(
    shard: Shard,
    bodies: readonly (Uint8Array | undefined)[],
    firstId: number,
    longest: number,
  ): number {
    this.#desk.giveUpInput(shard);
    const { input, inputNumbers } = shard;
    let staged = 0;
    let at = 0;
    for (const body of bodies) {
      const bytes = body?.length ?? Infinity; // once: another thread may make it grow
      const end = at + L.MANY_BODY + bytes;
      if (bytes > longest || end > C.INPUT_BYTES || !bring(body, input, at + L.MANY_BODY)) break;
      inputNumbers[(at + L.MANY_ID) >> 3] = firstId + staged++;
      inputNumbers[(at + L.MANY_BODY_BYTES) >> 3] = bytes;
      at = aligned(end);
    }
    return staged;
  }

  /** In bytes, of those that the tube in use takes in one piece. */
  #longestBody(): number {
    const { shard, tube } = this.#tubes.used;
    const longest = Math.min(this.#desk.limits.maxJobBytes, C.INPUT_BYTES - L.MANY_BODY);
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
    const share = this.#share(most);
    let done = this.#takeTogether(share, roomFor, reserved);
    for (; done < share; done++) {
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

  /** Takes the best jobs, as far as that needs no more than a call for many of them. */
  #takeTogether(
    most: number,
    roomFor: (bytes: number) => Uint8Array,
    reserved: (id: number, body: Uint8Array) => void,
  ): number {
    const shard = this.#reserver.onlyInOrder;
    if (shard === undefined || most === 1) return 0;
    const record = this.#reserver.record(shard);
    let done = 0;
    while (done < most) {
      shard.takeMany(record, most - done, this.#desk.now);
      const count = shard.field(C.RESULT_COUNT);
      if (count === 0) break;
      const entries = roomFor(shard.field(C.RESULT_REPLY_BYTES));
      this.#desk.copyOutput(shard, entries);
      this.#tellEach(shard, entries, reserved);
      done += count;
    }
    return done;
  }

  /** Whoever is told may call the engine by another session: the output slot is not looked at. */
  #tellEach(
    shard: Shard,
    { buffer, byteOffset, length }: Uint8Array,
    reserved: (id: number, body: Uint8Array) => void,
  ): void {
    const numbers = new Float64Array(buffer, byteOffset, length >> 3);
    for (let at = 0; at < length;) {
      const id = numbers[(at + L.MANY_ID) >> 3] ?? 0;
      const bytes = numbers[(at + L.MANY_BODY_BYTES) >> 3] ?? 0;
      const begin = at + L.MANY_BODY;
      this.#desk.hint(id, shard);
      reserved(id, new Uint8Array(buffer, byteOffset + begin, bytes)); // see slab.ts
      at = aligned(begin + bytes);
    }
  }

  #deleteMany(ids: readonly number[]): number {
    const desk = this.#desk;
    const share = this.#share(ids.length);
    let done = 0;
    while (done < share) {
      const shard = desk.likelyShard(ids[done] ?? 0);
      const staged = this.#stageIds(shard, ids, done, share);
      shard.deleteMany(this.#reserver.record(shard), staged, desk.now);
      const count = shard.field(C.RESULT_COUNT);
      done += count;
      if (count < staged) break;
    }
    return this.#counted(OP.DELETE, done);
  }

  /** Brings ids[from, to) to the input slot, as far as they fit and are likely the shard's. */
  #stageIds(shard: Shard, ids: readonly number[], from: number, to: number): number {
    const desk = this.#desk;
    desk.giveUpInput(shard);
    const { inputNumbers } = shard;
    const end = Math.min(to, from + inputNumbers.length);
    let at = from;
    for (; at < end; at++) {
      const id = ids[at] ?? 0;
      if (desk.likelyShard(id) !== shard) break;
      inputNumbers[at - from] = id;
    }
    return at - from;
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

/** Where the entry behind one that ends at `end` begins. */
function aligned(end: number): number {
  return (end + L.MANY_ALIGN - 1) & -L.MANY_ALIGN;
}

/** Copies a body; false where there is none, or its buffer was transferred or made shorter. */
function bring(body: Uint8Array | undefined, target: Uint8Array, at: number): boolean {
  if (body === undefined) return false;
  try {
    target.set(body, at);
    return true;
  } catch {
    return false; // what goes as bytes is refused by itself
  }
}
