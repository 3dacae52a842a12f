/* Listing: list-jobs and peek-reserved, which look for jobs where no order helps them, piece by
 * piece. Made by the session.
 *
 * How the engine looks, and what a piece is, stands in assembly/listing.ts. Few jobs are walked
 * through in one piece. For many, a page begins with probing id after id when the ids that have
 * been given out since are expected to be fewer than what the whole table takes; if that estimate
 * was wrong, it goes on with a scan of the table, so that a page never takes more than two of
 * these.
 *
 * Invariant: a job that stays in its state from the first piece to the last is met exactly once,
 * and a page has the lowest ids of all that were met; so, page after page, such a job is listed
 * exactly once.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { Command } from "../protocol/line.ts";
import * as R from "../protocol/replies.ts";
import { depend, writeDocument, writeJob } from "./answers.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import type { Desk, PutTube } from "./desk.ts";
import { listedPage } from "./statistics.ts";

/** One page of list-jobs. */
export class Listing implements LongCommand {
  readonly #desk: Desk;
  readonly #shard: Shard;
  readonly #name: Uint8Array;
  readonly #state: number;
  readonly #limit: number;
  /** The highest id when it began: what comes later need not be found. */
  readonly #lastId: number;
  /**
   * The lowest ids found so far, ascending; one more than the page has, to know whether there is
   * another page.
   */
  #ids: number[] = [];
  /** Ids up to here are dealt with. */
  #after: number;
  /** The way of looking that the next piece takes. */
  #way: "walk" | "probe" | "scan" = "walk";
  /** What may still be probed, in jobs looked at, before the table is scanned. */
  #probesLeft = 0;
  /** Classes of the scan. */
  #classes = 0;
  /** The next class of the scan. */
  #class = 0;

  /** Of the tube of that name, which is in `shard`, as `command` says. */
  constructor(
    desk: Desk,
    shard: Shard,
    name: Uint8Array,
    { state, after, limit }: Readonly<Command>,
  ) {
    this.#desk = desk;
    this.#shard = shard;
    this.#name = name;
    this.#state = state;
    this.#after = after;
    this.#limit = limit;
    this.#lastId = desk.lastId();
  }

  /** It writes nothing. */
  hasRoom(): boolean {
    return true;
  }

  step(): number {
    return this.#look() ? FINISHED : UNFINISHED;
  }

  #look(): boolean {
    if (this.#way === "walk") return this.#walk();
    return this.#way === "probe" ? this.#probe() : this.#scan();
  }

  /** How many ids are wanted at most. */
  get #most(): number {
    return this.#limit + 1;
  }

  #walk(): boolean {
    const shard = this.#stage();
    const bytes = this.#name.length;
    const answer = shard.listWalk(0, bytes, this.#state, this.#after, this.#most, this.#desk.now);
    if (answer === C.NOT_FOUND) {
      this.#desk.output.reply(R.REPLY.NOT_FOUND);
      return true;
    }
    if (answer === C.MORE) {
      this.#choose();
      return false;
    }
    this.#ids = this.#found();
    return this.#answer();
  }

  /** There are many: how to look for them. */
  #choose(): void {
    const ids = Math.max(0, this.#lastId - this.#after);
    const standing = this.#figure(C.LIST_STANDING);
    const table = this.#figure(C.LIST_TABLE);
    this.#classes = this.#figure(C.LIST_CLASSES);
    this.#probesLeft = table;
    const isDense = Math.min(ids, (ids / standing) * this.#most) <= table;
    this.#way = isDense ? "probe" : "scan";
  }

  #probe(): boolean {
    const shard = this.#stage();
    const bytes = this.#name.length;
    const most = this.#most - this.#ids.length;
    const answer = shard.listProbe(
      0,
      bytes,
      this.#state,
      this.#after,
      this.#lastId,
      most,
      this.#desk.now,
    );
    if (answer === C.NOT_FOUND) return this.#answer(); // the tube went, and its jobs with it
    this.#ids.push(...this.#found());
    if (answer === C.DONE) return this.#answer();
    this.#after = this.#shard.field(C.RESULT_ID);
    this.#probesLeft -= this.#figure(C.LIST_LOOKS);
    if (this.#probesLeft < 0) this.#way = "scan";
    return false;
  }

  /** Ids from probing are all below those from the scan that follows it. */
  #scan(): boolean {
    const shard = this.#stage();
    const most = this.#most;
    const isFull = this.#ids.length === most;
    const before = isFull ? (this.#ids.at(-1) ?? 0) : C.NEVER_MICROS;
    const answer = shard.listScan(
      0,
      this.#name.length,
      this.#state,
      this.#after,
      before,
      most,
      this.#class,
      this.#classes,
      this.#desk.now,
    );
    if (answer === C.NOT_FOUND) return this.#answer();
    const found = this.#found();
    if (found.length > 0) {
      this.#ids = [...this.#ids, ...found].toSorted((a, b) => a - b).slice(0, most);
    }
    this.#class = this.#shard.field(C.RESULT_REF);
    return answer === C.DONE && this.#answer();
  }

  #answer(): boolean {
    const desk = this.#desk;
    const shard = this.#shard;
    const page = this.#ids.slice(0, this.#limit);
    const next = this.#ids.length > this.#limit ? (page.at(-1) ?? 0) : 0;
    const offset = desk.stageName(shard, this.#name, page);
    const bytes = this.#name.length;
    const { now } = desk;
    shard.describeJobs(0, bytes, this.#state, offset, page.length, now);
    depend(desk, shard);
    writeDocument(desk, listedPage(shard, next));
    return true;
  }

  #stage(): Shard {
    this.#desk.stageName(this.#shard, this.#name);
    return this.#shard;
  }

  #figure(which: number): number {
    return this.#shard.field(C.RESULT_STATS + which);
  }

  /** The ids that the last piece found. */
  #found(): number[] {
    const { buffer, byteOffset } = this.#shard.output;
    return Array.from(new Float64Array(buffer, byteOffset, this.#shard.field(C.RESULT_COUNT)));
  }
}

/** peek-reserved. */
export class ReservedPeek implements LongCommand {
  readonly #desk: Desk;
  readonly #used: PutTube;
  /** The lowest id that was found so far; 0 for none. */
  #id = 0;
  /* Where it is; see the engine. */
  #conn = 0;
  #major = 0;
  #minor = 0;

  /** Of the tube that the connection uses. */
  constructor(desk: Desk, used: PutTube) {
    this.#desk = desk;
    this.#used = used;
  }

  /** It writes nothing. */
  hasRoom(): boolean {
    return true;
  }

  step(): number {
    const { shard } = this.#used;
    const answer = this.#look();
    if (answer === C.MORE) return UNFINISHED;
    if (answer === C.NOT_FOUND && this.#id !== 0) {
      // It has been found, and somebody was done with it before the end: there may be others.
      this.#id = this.#conn = this.#major = this.#minor = 0;
      return UNFINISHED;
    }
    const lost = (): void => this.#desk.output.reply(R.REPLY.NOT_FOUND);
    const isShown = answer === C.DONE && writeJob(this.#desk, R.writeFound, shard, lost);
    if (!isShown) lost();
    return FINISHED;
  }

  #look(): number {
    const { shard, tube } = this.#used;
    const { now } = this.#desk;
    const [conn, major, minor] = [this.#conn, this.#major, this.#minor];
    const answer = shard.peekReserved(tube, this.#id, conn, major, minor, now);
    this.#id = shard.field(C.RESULT_ID);
    this.#conn = shard.field(C.RESULT_STATS + C.PLACE_CONN);
    this.#major = shard.field(C.RESULT_STATS + C.PLACE_MAJOR);
    this.#minor = shard.field(C.RESULT_STATS + C.PLACE_MINOR);
    return answer;
  }
}
