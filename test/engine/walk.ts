/* Walk: engine and model side by side, step by step; after each step the answers are the same and
 * every invariant holds.
 *
 * A step is an operation and a few numbers that choose among what there is: so any list of steps is
 * a valid walk and fast-check can shrink it. What a step may not ask for (an engine's precondition
 * that the session guards) becomes a smaller step or none.
 *
 * Deadlines never tie where a tie could be seen: each step has its own microsecond of the second,
 * each live job its own odd ttr, and delays and pauses are even. The order of equal deadlines of
 * different owners is not promised.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import * as fc from "fast-check";
import * as C from "../../assembly/constants.ts";
import type { WalkOptions } from "./comparison.ts";
import { Many } from "./many.ts";
import type { ModelConn } from "./model-parts.ts";
import {
  BURST_JOBS,
  MESSAGE_BYTES,
  NAMES,
  OPERATIONS,
  PACE_JOBS,
  PACE_VALUES,
  PRIORITIES,
  RATES,
  SECOND,
  SETTINGS_SET,
  SETTING_VALUES,
  STRIDE,
  THREADS,
  UPLOAD_BYTES,
  pick,
  pickNumber,
} from "./steps.ts";
import type { Message, Operation, Session, Step } from "./steps.ts";
import { loadVerifyModule } from "./verify-build.ts";

/** Tubes that dead jobs are to go to have names of one letter. */
const LETTER = 97;
const LETTERS = 26;

class Walk extends Many {
  #opened = 0;

  constructor(options: WalkOptions) {
    super(options);
    const number = this.engine.raw(0).nextNumber();
    this.agree(this.engine.pinTube(0, "default", number), this.model.pinTube("default", number));
    for (const choice of [0, 1, 2, 3]) {
      this.#open(choice);
      for (let tube = 0; tube <= choice; tube++) this.#watch(this.sessions[choice], tube);
      this.#use(this.sessions[choice], choice);
    }
  }

  take([operation, a, b, c]: Step): void {
    this.step++;
    this.now = Math.floor(this.now / SECOND) * SECOND + this.step * STRIDE;
    this.#do(operation, a, b, c);
    this.verify();
  }

  /**
   * After any walk everything can be drained: all jobs deleted, all connections closed, nothing
   * stays.
   */
  drain(): void {
    for (const session of this.sessions.slice()) this.#close(session);
    for (const upload of this.uploads) this.engine.dropUpload(0, upload.ref);
    this.uploads = [];
    for (const { ref } of this.messages) this.engine.dropFailure(0, ref);
    this.messages = [];
    for (const { name, settings } of this.model.tubes.values()) {
      if (settings.size === 0) continue;
      const values = Array.from({ length: C.SETTINGS }, () => C.NOT_SET);
      const reply = this.engine.setTube(0, name, values, 0, this.now);
      this.agree(reply, this.model.setTube(name, values, 0, this.now));
    }
    for (const { id } of this.model.jobs.values()) {
      this.agree(this.engine.deleteJob(0, 0, id, this.now), this.model.deleteJob(0, id, this.now));
    }
    const [last] = this.model.results.map(({ until }) => until).toSorted((x, y) => y - x);
    this.now = Math.max(this.now, last ?? 0);
    for (const { name } of this.model.listTubes()) {
      const reply = this.engine.flushTube(0, name, this.lastId, () => this.now);
      this.agree(reply, this.model.flushTube(name, this.lastId, this.now));
    }
    this.verify();
    deepStrictEqual(
      this.engine.listTubes(0).map(({ name }) => name),
      ["default"],
    );
  }

  #do(operation: Operation, a: number, b: number, c: number): void {
    const session = pick(this.sessions, a);
    const engine = this.engine;
    const model = this.model;
    const now = this.now;
    switch (operation) {
      case "put":
        return this.put(session, b, c);
      case "putTagged":
        return this.putTagged(session, b, c);
      case "burstKeys":
        return this.burstKeys(session, b, c);
      case "crowd":
        return this.crowd(session, b, c);
      case "putGrouped":
        return this.putGrouped(session, b, c);
      case "endGroup":
        return this.endGroup(b);
      case "upload":
        return this.openUpload(pickNumber(UPLOAD_BYTES, b));
      case "append":
        return this.append(pick(this.uploads, a), 1 + ((b * 997 + c) % C.INPUT_BYTES));
      case "commit":
        return this.commit(session, pick(this.uploads, b), c);
      case "dropUpload":
        return this.dropUpload(pick(this.uploads, a));
      case "take":
      case "takeMax":
      case "takeOf":
      case "best":
      case "wait":
        return this.#reserve(operation, session, b, c);
      case "cancel":
        return this.#cancel(session);
      case "collect":
        return this.#collect(a % THREADS);
      case "handBack":
      case "delete":
      case "release":
      case "bury":
      case "touch":
      case "reserveJob":
        return this.#act(operation, session, b, c);
      case "say":
        return this.#say(session, b, c);
      case "openFailure":
        if (session !== undefined) this.#openFailure(session, pickNumber(MESSAGE_BYTES, b));
        return;
      case "dropFailure":
        return this.#dropFailure(pick(this.messages, a));
      case "kick": {
        if (session?.used === undefined) return;
        const { ref, name } = session.used;
        const kind = pickNumber([C.KIND_ANY, C.KIND_ANY, C.KIND_DELAYED, C.KIND_BURIED], b);
        const bound = c % 7 === 6 ? -1 : c % 7;
        const reply = engine.kick(session.thread, ref, bound, kind, now);
        return this.agree(reply, model.kick(name, bound >>> 0, kind, now));
      }
      case "kickJob": {
        const id = this.anyId(b);
        this.agree(engine.kickJob(a % THREADS, id, now), model.kickJob(id, now));
        return this.look("statsJob", session, b, c); // of the same job: its attempts are told
      }
      case "moveJob":
        return this.#move(session, b, c);
      case "carryDead":
        return this.#carryDead(session, c);
      case "cancelJob": {
        const held = session === undefined ? [] : model.heldBy(model.conn(session.ref));
        const id = c % 2 === 0 ? this.anyId(b) : (pick(held, b)?.id ?? this.anyId(b));
        return this.agree(engine.cancelJob(a % THREADS, id, now), model.cancelJob(id, now));
      }
      case "updateJob": {
        const id = this.anyId(b);
        const pri = pickNumber(PRIORITIES, a);
        const seconds = pick([undefined, undefined, 0, 2, 6], c);
        const reply = engine.updateJob(a % THREADS, id, pri, seconds, now);
        return this.agree(reply, model.updateJob(id, pri, seconds, now));
      }
      case "flush": {
        // Most jobs shall live on, so mostly only old ones go.
        const some = pick([...model.jobs.values()], a)?.tube;
        const name = a % 4 === 0 ? pick(NAMES, a) : some;
        if (name === undefined) return;
        const last = b % 4 === 0 ? this.lastId : Math.max(0, this.lastId - 6);
        const reply = engine.flushTube(c % THREADS, name, last, () => now);
        return this.agree(reply, model.flushTube(name, last, now));
      }
      case "pause": {
        const name = pick(NAMES, a) ?? "";
        const seconds = pickNumber([0, 0, 2, 4, 20], b);
        const reply = engine.pauseTube(0, name, seconds, now);
        return this.agree(reply, model.pauseTube(name, seconds, now));
      }
      case "setTube":
        return this.#setTube(pick(NAMES, a) ?? "", b, c);
      case "tick":
        this.agree(engine.tick(a % THREADS, now), model.tick(now));
        strictEqual(engine.nextDueMicros() > now, true, "a tick leaves nothing that is due");
        return;
      case "tickExactly":
        return this.#tickExactly();
      case "sleep":
        this.now += (a % 4) * SECOND;
        return;
      case "sleepLong":
        this.now += pickNumber([10, 30, 100, 86_400, 10_000_000], a) * SECOND;
        return;
      case "openConn":
        return this.#open(a);
      case "closeConn":
        return session === undefined ? undefined : this.#close(session);
      case "use":
        return this.#use(session, b);
      case "unuse":
        return session === undefined ? undefined : this.#unuse(session);
      case "watch":
        return this.#watch(session, b);
      case "watchAll":
        for (const [i] of NAMES.entries()) this.#watch(session, i);
        return;
      case "ignore":
        return this.#ignore(session, b);
      case "burst":
        for (let i = 0; i < BURST_JOBS; i++) this.putBytes(session, b + i, c, this.burstBytes(a));
        return;
      case "pace":
        return this.#pace(session, a, b, c);
      case "thin":
        return this.thin(1 + (a % 4));
      case "shake":
        return engine.shake(c % THREADS, 1 + (a % 4));
      case "sweep":
        engine.sweep(c % THREADS, a % 4 === 0 ? 1 + (b % 5) : Infinity);
        return;
      case "settle":
        return this.#settleBudget(c % THREADS, a);
      default:
        if (this.end(operation, session, b, c) || this.window(operation, session, b, c)) return;
        if (this.many(operation, session, b, c)) return;
        this.look(operation, session, b, c);
    }
  }

  /** Gives back what the shard does not use, and is given some or all of it again. */
  #settleBudget(t: number, choice: number): void {
    this.agree(this.engine.tick(t, this.now), this.model.tick(this.now));
    this.pagesLeft += this.engine.settleBudget(t);
    strictEqual(this.engine.budgetPages(), this.engine.usedBytes(this.now) / C.PAGE_BYTES);
    const back = this.tight && choice % 2 === 0 ? this.pagesLeft >> 1 : this.pagesLeft;
    if (back > 0) this.engine.raw(t).grantPages(t, back, back);
    this.pagesLeft -= Math.max(0, back);
  }

  /* Reserving. */

  #reserve(
    operation: "take" | "takeMax" | "takeOf" | "best" | "wait",
    session: Session | undefined,
    b: number,
    c: number,
  ): void {
    if (session === undefined || session.waiting) return;
    const [now, { thread, ref }] = [this.now, session];
    if (operation === "best") {
      this.agree(this.engine.best(thread, ref, now), this.model.best(ref, now));
    } else if (operation === "takeOf") {
      const entry = pick([...session.watched], b);
      if (entry === undefined) return;
      const [name, tube] = entry;
      const reply = this.engine.takeOf(thread, ref, tube, now);
      this.agree(reply, this.model.takeOf(ref, name, now));
    } else if (operation === "wait") {
      const generation = ++this.generation;
      const soon = c % 2 === 0 ? now + (b % 100) * SECOND : 0;
      const reply = this.engine.wait(thread, ref, generation, now, soon);
      this.agree(reply, this.model.wait(ref, generation, now, soon));
      session.waiting = reply.answer === "WAITING";
    } else {
      const limit = { pri: pickNumber(PRIORITIES, b), id: this.anyId(c) };
      const max = operation === "takeMax" ? limit : undefined;
      this.agree(this.engine.take(thread, ref, now, max), this.model.take(ref, now, max));
    }
  }

  #cancel(session: Session | undefined): void {
    if (session === undefined) return;
    const { thread, ref } = session;
    const reply = this.engine.cancel(thread, ref, this.now);
    this.agree(reply, this.model.cancel(ref, this.now));
    if (reply.answer !== "NOTED") session.waiting = false;
  }

  #collect(thread: number): void {
    const reply = this.engine.collect(thread, this.now);
    this.agree(reply, this.model.collect(thread, reply.conn ?? 0, this.now));
    if (reply.answer === "NOTED" || reply.answer === "ENDED") return;
    for (const session of this.sessions) if (session.ref === reply.conn) session.waiting = false;
  }

  #act(operation: Operation, session: Session | undefined, b: number, c: number): void {
    if (session === undefined) return;
    const [engine, model, now] = [this.engine, this.model, this.now];
    const { thread, ref } = session;
    const held = model.heldBy(model.conn(ref));
    const id = b % 4 === 0 ? this.anyId(c) : (pick(held, c)?.id ?? this.anyId(c));
    const pri = pickNumber(PRIORITIES, b >>> 2);
    if (operation === "handBack") {
      const seconds = pickNumber([0, 0, 0, 2, 6], b);
      const reply = engine.handBack(thread, ref, id, seconds, now);
      this.agree(reply, model.handBack(ref, id, seconds, now));
    } else if (operation === "delete")
      this.agree(engine.deleteJob(thread, ref, id, now), model.deleteJob(ref, id, now));
    else if (operation === "bury")
      this.agree(engine.bury(thread, ref, id, pri, now), model.bury(ref, id, pri, now));
    else if (operation === "touch")
      this.agree(engine.touch(thread, ref, id, now), model.touch(ref, id, now));
    else if (operation === "reserveJob")
      this.agree(engine.reserveJob(thread, ref, id, now), model.reserveJob(ref, id, now));
    else {
      const seconds = pickNumber([0, 0, 0, 2.003, 6], c);
      const reply = engine.release(thread, ref, id, pri, seconds, now);
      this.agree(reply, model.release(ref, id, pri, seconds, now));
    }
  }

  /** Buries or releases with a message: one that is there already, or a new one. */
  #say(session: Session | undefined, b: number, c: number): void {
    if (session === undefined) return;
    const [engine, model, now] = [this.engine, this.model, this.now];
    const { thread, ref } = session;
    const held = model.heldBy(model.conn(ref));
    const id = b % 8 === 0 ? this.anyId(c) : (pick(held, c)?.id ?? this.anyId(c));
    this.agree(engine.holds(thread, ref, id, now), model.holds(ref, id, now));
    const ready = this.messages.find((one) => one.session === session);
    const message = ready ?? this.#openFailure(session, pickNumber(MESSAGE_BYTES, b));
    const [failure, text] = [message?.ref ?? 0, message?.text.toString("latin1")];
    const pri = pickNumber(PRIORITIES, b >>> 2);
    const seconds = pickNumber([0, 0, 0.015, 6], c);
    const reply =
      c % 2 === 0
        ? engine.bury(thread, ref, id, pri, now, failure)
        : engine.release(thread, ref, id, pri, seconds, now, failure);
    this.agree(
      reply,
      c % 2 === 0
        ? model.bury(ref, id, pri, now, text)
        : model.release(ref, id, pri, seconds, now, text),
    );
    if (reply.answer !== "NOT_FOUND") this.messages = this.messages.filter((o) => o !== message);
    if (!model.jobs.has(id)) return;
    this.compareFailures(id);
    this.compareLastMessage(thread, id);
  }

  /** Moves a job, its own or any, to a tube that somebody uses; with a message, if one is there. */
  #move(session: Session | undefined, b: number, c: number): void {
    const target = pick(this.sessions, c)?.used;
    if (session === undefined || target === undefined) return;
    const [engine, model, now] = [this.engine, this.model, this.now];
    const { thread, ref } = session;
    const held = model.heldBy(model.conn(ref));
    const id = b % 2 === 0 ? this.anyId(b) : (pick(held, b)?.id ?? this.anyId(b));
    if (this.#ties(id)) return;
    const wasCancelled = model.jobs.get(id)?.cancelled === true;
    const message = this.messages.find((one) => one.session === session);
    const [failure, text] = [message?.ref ?? 0, message?.text.toString("latin1")];
    const reply = engine.moveJob(thread, ref, id, target.ref, now, failure);
    this.agree(reply, model.moveJob(ref, id, target.name, now, text));
    const isRefused = reply.answer === "NOT_FOUND" || reply.answer === "FULL";
    if (!isRefused) this.messages = this.messages.filter((o) => o !== message);
    if (!wasCancelled && model.jobs.has(id)) this.compareFailures(id);
  }

  /** Carries a dead job that is to leave to a tube that somebody uses, wherever it was to go. */
  #carryDead(session: Session | undefined, c: number): void {
    const [engine, model, now] = [this.engine, this.model, this.now];
    const reply = engine.nextDead(c % THREADS, now);
    this.agree(reply, model.nextDead(now));
    const to = session?.used;
    if (reply.answer !== "DONE" || reply.id === undefined || to === undefined) return;
    const moved = engine.moveDead(c % THREADS, reply.id, to.ref, now);
    this.agree(moved, model.moveDead(reply.id, to.name, now));
    const again = engine.moveDead(c % THREADS, reply.id, to.ref, now);
    this.agree(again, model.moveDead(reply.id, to.name, now));
  }

  /** Whether a job's delay ends together with another's, as in a burst: they stay in one tube. */
  #ties(id: number): boolean {
    const jobs = [...this.model.jobs.values()].filter(({ state }) => state === "delayed");
    const due = jobs.find((job) => job.id === id)?.deadline;
    return jobs.some((job) => job.id !== id && job.deadline === due);
  }

  /** A whole message of `bytes`; undefined when there was no memory for it. */
  #openFailure(session: Session, bytes: number): Message | undefined {
    const engine = this.engine;
    const { reply, ref } = engine.openFailure(session.thread, session.ref, bytes);
    if (this.isRefused(reply)) return undefined;
    strictEqual(reply.answer, "DONE");
    const { who } = this.model.conn(session.ref);
    const message = { ref, session, who, text: this.bodyFor(this.step, bytes) };
    for (let position = 0; position < bytes;) {
      const piece = message.text.subarray(position, position + 50_000);
      const taken = engine.appendFailure(session.thread, ref, position, piece);
      position += taken.count ?? 0;
      if (!this.isRefused(taken)) strictEqual(taken.answer, "DONE");
      else {
        engine.dropFailure(session.thread, ref);
        return undefined;
      }
    }
    this.messages.push(message);
    return message;
  }

  #dropFailure(message: Message | undefined): void {
    if (message === undefined) return;
    strictEqual(this.engine.dropFailure(0, message.ref).answer, "DONE");
    this.messages = this.messages.filter((other) => other !== message);
  }

  /* Connections and tubes. */

  #open(choice: number): void {
    if (this.sessions.length >= 7) return;
    const thread = choice % THREADS;
    const token = ++this.#opened;
    const { reply, ref } = this.engine.openConn(thread, token);
    this.agree(reply, this.model.openConn(ref, thread, token));
    if (choice % 3 !== 0) {
      const who = `10.0.0.${token}:${choice}`.repeat(1 + (choice % 4)).slice(0, C.WHO_MAX);
      this.engine.nameConn(thread, ref, who);
      this.model.conn(ref).who = who;
    }
    this.sessions.push({ ref, thread, watched: new Map(), used: undefined, waiting: false });
  }

  #close(session: Session): void {
    this.#unuse(session);
    const { thread, ref } = session;
    const reply = this.engine.closeConn(thread, ref, this.now);
    this.agree(reply, this.model.closeConn(ref, this.now));
    this.sessions.splice(this.sessions.indexOf(session), 1);
  }

  #use(session: Session | undefined, choice: number): void {
    if (session === undefined) return;
    const name = pick(NAMES, choice) ?? "";
    const number = this.engine.raw(0).nextNumber();
    const { reply, ref } = this.engine.useTube(session.thread, name, number);
    this.agree(reply, this.model.useTube(name, number));
    this.#unuse(session);
    session.used = { name, ref };
  }

  #unuse(session: Session): void {
    if (session.used === undefined) return;
    const { name, ref } = session.used;
    session.used = undefined;
    this.agree(this.engine.unuseTube(session.thread, ref), this.model.unuseTube(name));
  }

  #watch(session: Session | undefined, choice: number): void {
    if (session === undefined || session.waiting) return;
    const name = pick(NAMES, choice) ?? "";
    const number = this.engine.raw(0).nextNumber();
    const { reply, ref } = this.engine.watchTube(session.thread, session.ref, name, number);
    this.agree(reply, this.model.watchTube(session.ref, name, number));
    session.watched.set(name, ref);
  }

  #ignore(session: Session | undefined, choice: number): void {
    if (session === undefined || session.waiting) return;
    const entry = pick([...session.watched], choice);
    if (entry === undefined) return;
    const [name, tube] = entry;
    const reply = this.engine.ignoreTube(session.thread, session.ref, tube);
    this.agree(reply, this.model.ignoreTube(session.ref, name));
    session.watched.delete(name);
  }

  /**
   * Sets or takes away one or two of what can be set; mostly away, since most jobs shall come in.
   */
  #setTube(name: string, b: number, c: number): void {
    const values = Array.from({ length: C.SETTINGS }, () => C.AS_IT_IS);
    for (const choice of [b, c]) {
      const which = pickNumber(SETTINGS_SET, choice >>> 1);
      values[which] = choice % 3 === 0 ? this.#settingValue(which, name, choice >>> 3) : C.NOT_SET;
    }
    const isPaced = (values[C.SETTING_RATE] ?? 0) > 0;
    if (isPaced && b % 2 === 0) values[C.SETTING_BURST] = pickNumber(PACE_VALUES, c >>> 5);
    this.#setAll(name, values, c);
  }

  #setAll(name: string, values: readonly number[], c: number): void {
    const number = this.engine.raw(0).nextNumber();
    const reply = this.engine.setTube(c % THREADS, name, values, number, this.now);
    if (this.isRefused(reply)) return this.agreeBut(reply, this.model.tick(this.now));
    this.agree(reply, this.model.setTube(name, values, number, this.now));
  }

  /** Holds the tube that a session uses up, and has more asked of it than it hands out. */
  #pace(session: Session | undefined, a: number, b: number, c: number): void {
    if (session?.used === undefined || session.waiting) return;
    const { name } = session.used;
    const values = Array.from({ length: C.SETTINGS }, () => C.NOT_SET);
    if (a % 3 > 0) values[C.SETTING_RATE] = this.#settingValue(C.SETTING_RATE, name, 0);
    if (a % 3 > 0) values[C.SETTING_BURST] = pickNumber(PACE_VALUES, b);
    if (a % 3 < 2) values[C.SETTING_RESERVED] = pickNumber(PACE_VALUES, c);
    this.#setAll(name, values, c);
    this.#watch(session, NAMES.indexOf(name));
    for (let i = 0; i < PACE_JOBS; i++) this.putBytes(session, 0, 0, 1 + i);
    for (let i = 0; i < PACE_JOBS; i++) {
      this.now++; // no two deadlines at once
      this.#reserve("take", session, 0, 0);
    }
    const other = pick(this.sessions, b);
    this.#reserve("wait", other, b, 1);
    this.#act("delete", session, 1, c);
    this.#collect(other?.thread ?? 0);
  }

  #settingValue(which: number, name: string, choice: number): number {
    if (which === C.SETTING_RATE) {
      return pickNumber(RATES, NAMES.indexOf(name)) * C.RATE_UNITS + C.RATE_MINUTE;
    }
    if (which === C.SETTING_ACK) return 1 + (choice % C.ACK_SYNC);
    if (which === C.SETTING_DEAD) return LETTER + (choice % LETTERS);
    const isAboveZero = which >= C.SETTING_BURST;
    return pickNumber(isAboveZero ? PACE_VALUES : SETTING_VALUES, choice);
  }

  /**
   * A tick at the very microsecond; only while nobody waits, or the grants' deadlines could tie.
   */
  #tickExactly(): void {
    const due = this.model.nextEventMicros();
    if (due === C.NEVER_MICROS || due < this.now) return;
    if ([...this.model.conns.values()].some((conn: ModelConn) => conn.waiting)) return;
    this.now = due;
    this.agree(this.engine.tick(0, due), this.model.tick(due));
    this.now += SECOND;
  }
}

/** What to walk, and how often. */
export interface WalksOptions extends WalkOptions {
  readonly runs: number;
  /** Steps of the longest walk. */
  readonly steps: number;
  /** Whether to look for the shortest walk that goes wrong; true when absent. */
  readonly shrink?: boolean;
  /** Operations that half of the steps are of; absent: each comes as often as its weight says. */
  readonly often?: readonly Operation[];
  /** After so many milliseconds it ends, as a failure; 5 minutes when absent. */
  readonly mostMillis?: number;
  readonly seed?: number;
  readonly path?: string;
}

/**
 * Walks `runs` times at random; returns how often clients were refused memory. Throws with the
 * shortest walk found that goes wrong, its seed and its path.
 */
export function walkAtRandom({
  runs,
  steps,
  seed,
  path,
  shrink = true,
  often = [],
  mostMillis = 300_000,
  ...options
}: WalksOptions): number {
  let refusals = 0;
  const number = fc.nat(10_000);
  const any = fc.constantFrom(...OPERATIONS);
  const operation = often.length === 0 ? any : fc.oneof(any, fc.constantFrom(...often));
  const step: fc.Arbitrary<Step> = fc.tuple(operation, ...([number, number, number] as const));
  const walks = fc.array(step, { minLength: 1, maxLength: steps, size: "max" });
  fc.assert(
    fc.property(walks, (taken) => {
      refusals += walk(taken, options);
    }),
    {
      numRuns: Math.ceil(runs), // a fraction would never come to an end
      endOnFailure: !shrink,
      interruptAfterTimeLimit: mostMillis, // shrinking, too, comes to an end
      markInterruptAsFailure: true,
      ...(seed === undefined ? {} : { seed }),
      ...(path === undefined ? {} : { path }),
    },
  );
  return refusals;
}

/**
 * One walk, in a shard of its own, drained in the end; returns how often a client was refused
 * memory.
 */
function walk(steps: readonly Step[], options: WalkOptions): number {
  const walking = new Walk({ module: loadVerifyModule(), ...options });
  for (const step of steps) walking.take(step);
  walking.drain();
  return walking.refusals;
}
