/* SessionHost: the sessions of one thread: who they are, whose turn it is, and whom a turn
 * concerns.
 *
 * Single-threaded and synchronous. All that runs of a session runs in a turn: one that a transport
 * brought input for, or that was put off, or that a grant or a deadline began. A turn takes the
 * time, names the outlet that replies go to, and at its end the threads are woken for which it made
 * grants, this thread's own are delivered, and replies that have become safe are let out. The
 * thread drives it (`open`, `wake`, `tick`); it owns no timer: whoever does is told after each turn
 * (`onTurn`), asks `nextDueMicros`, and has `tick` called then.
 */

import * as C from "../../assembly/constants.ts";
import type { TokenList } from "../config/token-file.ts";
import type { Shard } from "../engine/shard.ts";
import { lowestBit } from "../engine/wakes.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Desk } from "./desk.ts";
import { DueHeap } from "./due-heap.ts";
import type { DeskParts } from "./desk.ts";
import { Session } from "./session.ts";
import type { Guise } from "./session.ts";
import { Standstill } from "./standstill.ts";
import type { TokenBook } from "./token-book.ts";
import type { Blocked, TurnTaker, Turns } from "./turns.ts";
import { PAGE_MAX } from "./who-is-there.ts";
import type { ConnectionPage, WhichConnections } from "./who-is-there.ts";

/** What a host is made of. */
export interface SessionHostParts extends DeskParts {
  /** Microseconds, never running backwards. */
  readonly clock: () => number;
  /** The tokens that clients show; if absent, they may do everything. */
  readonly tokens?: TokenBook | undefined;
  /** There is no other thread: while it stands still nobody can hold or want anything. */
  readonly isAlone?: boolean;
}

/** The sessions of one thread. */
export class SessionHost implements Turns {
  /** What its sessions work with. */
  readonly desk: Desk;
  readonly blocked = new DueHeap<Blocked>();
  readonly #deadLetters: DeadLetters;
  readonly #clock: () => number;
  readonly #standstill: Standstill | undefined;
  readonly #tokens: TokenBook | undefined;
  readonly #sessions: (Session | undefined)[] = [];
  readonly #freeTokens: number[] = [];
  #turnEnded: () => void = () => undefined;

  constructor(parts: SessionHostParts) {
    this.desk = new Desk(parts);
    this.#deadLetters = new DeadLetters(this.desk, this);
    this.#clock = parts.clock;
    this.#tokens = parts.tokens;
    if (parts.isAlone === true) this.#standstill = new Standstill(this.desk, parts.clock());
    parts.journal?.onCommitted(() => this.wake());
  }

  /** A session for a new connection, which has shown `token` already if there is one. */
  open(outlet: Outlet, token?: Uint8Array): Inlet {
    const bearer = this.#tokens?.stranger();
    if (token !== undefined) bearer?.show(token);
    return this.#open(outlet, { bearer });
  }

  /** A session of the server's own, which is a client's and needs no token. */
  openOwn(outlet: Outlet): Inlet {
    return this.#open(outlet, {});
  }

  /**
   * An observer's session: it is none of the clients, counts as nobody's user, watches nothing and
   * may do everything.
   */
  observe(outlet: Outlet): Inlet {
    return this.#open(outlet, { isObserver: true });
  }

  /** Whether clients may show that token; undefined if they need none. */
  knows(token: Uint8Array): boolean | undefined {
    return this.#tokens?.knows(token);
  }

  /**
   * From now on these tokens count, for all sessions. None of those that are to end waits for a job
   * any more when the first of them gives its jobs back.
   */
  renewTokens(list: TokenList): void {
    this.#tokens?.replace(list);
    const ending = this.look(() =>
      this.#sessions.filter((session) => session?.losesClearance() === true),
    );
    for (const session of ending)
      if (session !== undefined) this.turn(session, () => session.end());
  }

  #open(outlet: Outlet, guise: Guise): Inlet {
    return this.look((desk) => {
      const token = this.#freeTokens.pop() ?? this.#sessions.length;
      const session = new Session(desk, this, outlet, token, guise);
      this.#sessions[token] = session;
      return session;
    });
  }

  /**
   * The clients' sessions that are asked for, without the first `offset` of them and at most
   * `limit`, and how many there are.
   */
  describe(offset: number, limit: number, which: WhichConnections = "all"): ConnectionPage {
    return this.look(() => {
      const isAsked = (session: Session): boolean =>
        !session.isObserver && (which === "all" || session.isNamedWorker);
      const open = this.#sessions.filter((session) => session !== undefined).filter(isAsked);
      const shown = open.slice(offset, offset + Math.min(limit, PAGE_MAX));
      return { total: open.length, connections: shown.map((session) => session.describe()) };
    });
  }

  /** A turn that belongs to no session. */
  look<Result>(run: (desk: Desk) => Result): Result {
    this.#begin();
    const result = run(this.desk);
    this.#end();
    return result;
  }

  turn(taker: TurnTaker, run: () => void): void {
    this.#begin();
    this.#giveTo(taker);
    run();
    this.#end();
  }

  alone(run: () => void): void {
    this.look(run);
  }

  forget(token: number): void {
    this.#sessions[token] = undefined;
    this.#freeTokens.push(token);
  }

  /** Somebody woke this thread: there are grants to collect, or the journal has gone on. */
  wake(): void {
    const { common, thread, journal, room } = this.desk;
    this.#begin();
    this.#collect(common.takeGrantsLow(thread), common.takeGrantsHigh(thread));
    this.#deliver();
    journal?.woken();
    journal?.gate.woken();
    room.woken();
    this.#end();
  }

  /** Lets happen what is due: in the shards, and to sessions that wait. */
  tick(): void {
    const { desk } = this;
    this.#begin();
    for (const shard of desk.shards) {
      if (shard.nextDueMicros() > desk.now) continue;
      while (shard.tick(desk.now) === C.MORE);
    }
    this.#deliver();
    for (let due = this.blocked.first(); due !== undefined; due = this.blocked.first()) {
      if (due.dueMicros > desk.now) break;
      this.#giveTo(due);
      due.expire();
    }
    this.#end();
  }

  /**
   * When `tick` has something to do, in microseconds of the clock; NEVER_MICROS when nothing is
   * waited for.
   */
  nextDueMicros(): number {
    let due = this.nextWaitMicros;
    for (const shard of this.desk.shards) due = Math.min(due, shard.nextDueMicros());
    return due;
  }

  /**
   * The same for the sessions that wait alone, and the dead jobs that are to be carried, where
   * others see to what is due in the shards.
   */
  get nextWaitMicros(): number {
    const { nextDueMicros } = this.#deadLetters;
    return Math.min(nextDueMicros, this.blocked.first()?.dueMicros ?? C.NEVER_MICROS);
  }

  /** Calls `ended` after each turn: something else may be due next. */
  onTurn(ended: () => void): void {
    this.#turnEnded = ended;
  }

  /** Whether replies wait for the journal, or for the rest of what they began. */
  get holdsReplies(): boolean {
    const { bodiesUnderWay, journal } = this.desk;
    return bodiesUnderWay > 0 || (journal?.gate.heldCount ?? 0) > 0;
  }

  /** Replays what the committer brings, until it has brought it all. */
  helpToRecover(): void {
    this.desk.journal?.helpToRecover(this.desk.shards);
  }

  #begin(): void {
    const now = this.#clock();
    this.#standstill?.turn(now);
    this.desk.beginTurn(now);
  }

  /** From here on replies are that session's. */
  #giveTo(taker: TurnTaker): void {
    this.desk.isCounting = !taker.isObserver;
    this.desk.output.begin(taker.outlet, taker);
  }

  #end(): void {
    this.#deadLetters.carry();
    this.#deliver();
    this.#turnEnded();
  }

  /** Whoever got a job in this turn hears of it, and replies that are safe leave. */
  #deliver(): void {
    const { desk } = this;
    const { wakes } = desk;
    while (wakes.isAny) {
      let low = 0;
      let high = 0;
      for (let thread = wakes.take(); thread >= 0; thread = wakes.take()) {
        if (thread === desk.thread) {
          low = wakes.shardsLow;
          high = wakes.shardsHigh;
        } else desk.common.bringGrants(thread, wakes.shardsLow, wakes.shardsHigh);
      }
      this.#collect(low, high);
    }
    desk.journal?.gate.release();
    if (!wakes.wantsBodies) return;
    wakes.wantsBodies = false;
    desk.journal?.wantsBodies();
  }

  /** Collects this thread's grants in the shards whose bits are set. */
  #collect(low: number, high: number): void {
    for (let bits = low; bits !== 0; bits &= bits - 1) this.#collectIn(lowestBit(bits));
    for (let bits = high; bits !== 0; bits &= bits - 1) this.#collectIn(32 + lowestBit(bits));
  }

  #collectIn(index: number): void {
    const { shards, now } = this.desk;
    const shard = shards[index];
    if (shard === undefined) return;
    for (;;) {
      const answer = shard.collect(now);
      if (answer === C.NONE) return;
      this.#call(shard, answer);
    }
  }

  #call(shard: Shard, answer: number): void {
    const session = this.#sessions[shard.field(C.RESULT_TOKEN)];
    if (session === undefined) return;
    this.#giveTo(session);
    session.called(shard, answer);
  }
}
