/* Batch: what the commands of one batch are to do, gathered as they are read; nothing of it is
 * done.
 *
 * It keeps what they need until then: bodies and messages in the shards' memory, and a use of each
 * tube that is put to. Invariant: all of that is somebody's until `drop`, or until the batch has
 * been carried out and `settle` gives back the rest. Filled by batching.ts, carried out by
 * batch-commit.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { JobOrder, Order, PutOrder } from "../engine/orders.ts";
import type { BatchMoves } from "./batch-moves.ts";
import type { Desk, PutTube } from "./desk.ts";
import { mayKeep } from "./result-text.ts";

/** What a batch got instead of being carried out. */
export interface Refused {
  /** Which command it was, counted from 1. */
  readonly index: number;
  /** What that would have been answered, a whole line. */
  readonly reply: Uint8Array;
}

/** So many ids are looked for one by one. */
const IDS_IN_LIST = 16;

/** A batch that is being read, or has been. */
export class Batch {
  /** How many commands it has. */
  readonly count: number;
  /** What its commands do to jobs, one after the other; a use does nothing. */
  readonly orders: Order[] = [];
  /** The names of the tubes that it uses, one after the other. */
  readonly useNames: string[] = [];
  /** The tubes that its puts and moves go to, where tokens count, each by its first command. */
  readonly targets = new Map<string, number>();
  /** Why it will be refused, whatever comes. */
  refused: Refused | undefined;
  /** The tube that its puts go to from here on. */
  used: PutTube;
  usedName: string;
  /** Some of it has been recorded, under the ids of its puts. */
  isAhead = false;
  /** What was done for its moves, once it is to be carried out. */
  moves: BatchMoves | undefined;
  /** Bytes of its bodies and messages so far. */
  bytes = 0;
  /** Of them, those of results that stand beyond the memory cap. */
  beyondBytes = 0;
  readonly #desk: Desk;
  readonly #uses: PutTube[] = [];
  /** The tubes that its moves go to, used for as long as it is there. */
  readonly #targets: PutTube[] = [];
  /** The jobs that it names: at first in a list, which is the faster to look through. */
  readonly #ids: number[] = [];
  #manyIds: Set<number> | undefined;

  /** A batch of so many commands of a connection that uses that tube. */
  constructor(desk: Desk, count: number, used: PutTube, usedName: string) {
    this.#desk = desk;
    this.count = count;
    this.used = used;
    this.usedName = usedName;
  }

  /** It will be refused: nothing more of it is kept. */
  refuse(index: number, reply: Uint8Array): void {
    this.refused ??= { index, reply };
  }

  /** From here on puts go to that tube, for which the engine counts a use. */
  use(to: PutTube, name: string): void {
    this.#uses.push(to);
    this.used = to;
    this.usedName = name;
  }

  /** A job moves to that tube, for which the engine counts a use. */
  sendTo(to: PutTube): void {
    this.#targets.push(to);
  }

  /** Whether the job is named for the first time; it is named then. */
  names(id: number): boolean {
    if (this.#manyIds?.has(id) ?? this.#ids.includes(id)) return false;
    if (id === 0) return true;
    if (this.#ids.length === IDS_IN_LIST) this.#manyIds ??= new Set(this.#ids);
    if (this.#manyIds !== undefined) this.#manyIds.add(id);
    else this.#ids.push(id);
    return true;
  }

  get puts(): readonly PutOrder[] {
    return this.orders.filter((order) => order.deed === "put");
  }

  /** Its commands on jobs. */
  get acts(): readonly JobOrder[] {
    return this.orders.filter((order) => order.deed !== "put");
  }

  /**
   * Sees which results are kept: those that there is room for, one after the other. Without a
   * journal all that fit among the others; with one those that one record could hold together.
   */
  keepResults(): void {
    let bytes = 0;
    for (const order of this.orders) {
      if (order.deed !== "finish" || order.keepSeconds === 0) continue;
      if (mayKeep(this.#desk, order.messageBytes, bytes)) bytes += order.messageBytes;
      else order.keepSeconds = 0;
    }
  }

  /** Results that were to be kept and are not, once it has been carried out. */
  get resultsLost(): number {
    let lost = 0;
    for (const order of this.orders)
      if (order.deed === "finish" && order.keep > 0 && order.answer === C.NONE) lost++;
    return lost;
  }

  /** It has been carried out: what it used the tubes for is over, but for the last. */
  settle(): void {
    for (const one of this.#uses) if (one !== this.used) one.shard.unuseTube(one.tube);
    this.#uses.length = 0;
    this.#whenThereIsRoom(this.moves?.hasCopies === true);
  }

  /** It is not carried out. */
  drop(): void {
    const isAhead = this.isAhead && this.puts.some(({ upload }) => upload !== 0);
    this.#whenThereIsRoom(isAhead || this.moves?.hasCopies === true);
  }

  /** Gives back what is left; with records of that, when the journal's rings have room. */
  #whenThereIsRoom(hasRecords: boolean): void {
    if (hasRecords) this.#desk.room.whenThere(() => this.#giveBack());
    else this.#giveBack();
  }

  #giveBack(): void {
    for (const order of this.orders)
      if (order.deed === "put") dropPut(order);
      else dropText(order);
    this.moves?.drop();
    for (const { shard, tube } of this.#uses) shard.unuseTube(tube);
    for (const { shard, tube } of this.#targets) shard.unuseTube(tube);
    this.#uses.length = 0;
    this.#targets.length = 0;
  }
}

function dropPut(order: PutOrder): void {
  if (order.upload !== 0) order.shard.dropOrder(order.upload);
  order.upload = 0;
}

function dropText(order: JobOrder): void {
  if (order.text !== 0) order.textShard?.dropFailure(order.text);
  order.text = 0;
}
