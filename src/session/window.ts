/* Window: a connection's window: jobs that it is sent unasked, as it has room for them, and what it
 * is told of leases that ended.
 *
 * A connection that never sent `window` costs nothing here. Nothing is written but between two
 * replies: the session calls `attend` at the end of its turns, and does not while a reply is under
 * way; then the window waits for no job, and what is to be told stays in the engine. What explains
 * a NOT_FOUND is written in front of it (`tellAll`). Used by the session.
 */
import * as C from "../../assembly/constants.ts";
import { Filling } from "../engine/filling.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import * as R from "../protocol/replies.ts";
import { heardAlone } from "./answers.ts";
import { BodyRest } from "./body-rest.ts";
import { COUNTER_WAITING } from "./counters.ts";
import type { Desk } from "./desk.ts";
import type { RoomWaiter } from "./room-queue.ts";

/** A grant that goes back has its old place. */
const NO_DELAY = 0;

/** The window of one session. */
export class Window {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  #filling: Filling | undefined;
  #size = 0;
  /** Whether it counts among those that wait. */
  #isCounted = false;
  /** Where something is to be told that could not be, yet. */
  readonly #untold = new Set<Shard>();
  /** The next job, whose body is to be read back. */
  #awaited: { readonly shard: Shard; readonly id: number } | undefined;
  /** Waits for that. */
  readonly #body: RoomWaiter;
  /** Where the last job came from. */
  lastShard: Shard | undefined;

  /** `goOn` gives the session a turn, for the next job, whose body was not in memory, is there. */
  constructor(desk: Desk, reserver: Reserver, goOn: () => void) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#body = {
      hasRoom: () => this.#awaited === undefined || isThere(this.#awaited),
      goOn: () => {
        this.#awaited = undefined;
        goOn();
      },
    };
  }

  /** Jobs are sent unasked. */
  get isOpen(): boolean {
    return this.#size > 0;
  }

  /** How many jobs are held at most while more come; 0 when none comes by it. */
  get size(): number {
    return this.#size;
  }

  /** `window` was sent: what ends without its doing is told. */
  get isTold(): boolean {
    return this.#filling !== undefined;
  }

  /** Whether it waits for a job. */
  get isWaiting(): boolean {
    return this.#isCounted;
  }

  /** The command: replies. */
  set(size: number): void {
    const { output } = this.#desk;
    const isRefused = size > 0 && (this.#desk.isReadOnly || !this.#listen());
    if (isRefused) {
      output.reply(R.REPLY.OUT_OF_MEMORY);
      return;
    }
    if (size === 0) this.#listen(); // without memory it holds nothing that it could be told of
    this.#size = size;
    if (size === 0) this.standDown();
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeWindow(output.bytes, output.at, size);
  }

  #listen(): boolean {
    this.#filling ??= new Filling(this.#reserver);
    return this.#reserver.listen((shard) => this.tell(shard));
  }

  /** The peer has ended: no job is sent any more. */
  close(): void {
    this.#size = 0;
    this.standDown();
  }

  /** Waits for no job, until `attend`; grants that were made go back to their tubes. */
  standDown(): void {
    if (this.#filling?.isWaiting === true) this.#filling.unwait(this.#desk.now);
    this.#countWaiting(false);
  }

  #countWaiting(isWaiting: boolean): void {
    if (isWaiting === this.#isCounted) return;
    this.#isCounted = isWaiting;
    this.#desk.count(COUNTER_WAITING, isWaiting ? 1 : -1);
  }

  /**
   * Writes what is to be told, and jobs while there is room and `mayGoOn`; then waits for more.
   * Stops behind a long body, whose rest is the session's to send (`Desk.takeRest`).
   */
  attend(mayGoOn: () => boolean): void {
    const desk = this.#desk;
    for (const shard of this.#untold) this.tell(shard);
    if (!this.isOpen || desk.isReadOnly) {
      this.standDown();
      return;
    }
    this.#filling?.fill(this.#size, desk.now, (shard, answer) => {
      this.#takeOver(shard, answer);
      return desk.rest === undefined && mayGoOn();
    });
    this.#countWaiting(this.#filling?.isWaiting === true);
  }

  #takeOver(shard: Shard, answer: number): void {
    const desk = this.#desk;
    const bytes = shard.field(C.RESULT_REPLY_BYTES);
    const lsn = shard.field(C.RESULT_LSN);
    if (shard.field(C.RESULT_COUNT) > 0) this.lastShard = shard;
    const id = shard.field(C.RESULT_ID);
    const bodyBytes = shard.field(C.RESULT_BODY_BYTES);
    const shown = shard.field(C.RESULT_REF);
    if (bytes > 0) {
      desk.writeReplies(shard, bytes);
      heardAlone(desk, shard, lsn, desk.output.at - bytes);
    }
    if (answer === C.AWAY) this.#await(shard, id);
    if (answer === C.LONG) desk.rest = new BodyRest(desk, shard, id, bodyBytes, shown);
  }

  #await(shard: Shard, id: number): void {
    const isNew = this.#awaited === undefined;
    this.#awaited = { shard, id };
    if (isNew) this.#desk.room.wait(this.#body);
  }

  /**
   * A grant was collected (RESERVED) or had run out (LOST); false when it is not for the window.
   * `attend` follows.
   */
  granted(shard: Shard, answer: number): boolean {
    const filling = this.#filling;
    if (filling?.isWaitingIn(shard) !== true) return false;
    filling.collected(shard);
    if (answer !== C.RESERVED) return true;
    const { now } = this.#desk;
    const record = this.#reserver.record(shard);
    const id = shard.field(C.RESULT_ID);
    if (this.#reserver.heldCount() > this.#size) shard.handBack(record, id, NO_DELAY, now);
    else {
      const told = shard.tellJob(record, id, now);
      this.#takeOver(shard, told);
      if (told === C.AWAY) shard.handBack(record, id, NO_DELAY, now);
    }
    return true;
  }

  /** There is something to be told in that shard; `mayTell`: now, else when `attend` comes. */
  noted(shard: Shard, mayTell: boolean): void {
    if (mayTell) this.tell(shard);
    else this.#untold.add(shard);
  }

  /** Writes what is to be told in one shard. */
  tell(shard: Shard): void {
    this.#untold.delete(shard);
    const record = this.#reserver.record(shard);
    for (let answer = C.MORE; answer === C.MORE;) {
      answer = shard.takeNotes(record);
      const bytes = shard.field(C.RESULT_REPLY_BYTES);
      if (bytes > 0) this.#desk.writeReplies(shard, bytes);
    }
  }

  /** Writes all that is to be told: what is replied now may be explained by it. */
  tellAll(): void {
    if (!this.isTold) return;
    for (const shard of this.#reserver.opened) this.tell(shard);
  }

  /** The connection is gone; what it has in the shards is the reserver's to end. */
  leave(): void {
    this.#desk.room.forget(this.#body);
    this.#countWaiting(false);
  }
}

/** Whether the body of a job is in memory, or the job has gone. */
function isThere({ shard, id }: { readonly shard: Shard; readonly id: number }): boolean {
  return shard.seekBody(id) === C.DONE;
}
