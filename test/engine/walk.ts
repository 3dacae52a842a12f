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
import { EngineShard, loadVerifyModule } from "./engine.ts";
import type { Reply, ShardOptions } from "./engine.ts";
import { ModelShard, STATE_NUMBERS, UNKNOWN_FIGURES } from "./model.ts";
import type { ModelConn, ModelJob } from "./model.ts";

/** What a walk is made of, and how often each is taken. */
const WEIGHTS = {
  put: 5,
  upload: 1,
  append: 2,
  commit: 1,
  dropUpload: 1,
  take: 2,
  takeMax: 1,
  best: 1,
  wait: 3,
  cancel: 1,
  collect: 2,
  handBack: 1,
  reserveJob: 1,
  delete: 2,
  release: 2,
  bury: 1,
  say: 3,
  openFailure: 1,
  dropFailure: 1,
  failures: 1,
  lastMessage: 1,
  touch: 1,
  kick: 1,
  kickJob: 1,
  pause: 1,
  tick: 1,
  tickExactly: 1,
  sleep: 2,
  sleepLong: 1,
  openConn: 1,
  closeConn: 1,
  use: 1,
  unuse: 1,
  watch: 2,
  watchAll: 1,
  ignore: 1,
  peek: 1,
  peekTube: 1,
  readBody: 1,
  statsJob: 1,
  statsTube: 1,
  statsShard: 1,
  histograms: 1,
  list: 1,
  listJobs: 1,
  peekReserved: 1,
  flush: 1,
  soonest: 1,
  burst: 1,
  thin: 1,
  shake: 3,
  sweep: 2,
  settle: 1,
};
type Operation = keyof typeof WEIGHTS;
type Step = readonly [Operation, number, number, number];

function isOperation(name: string): name is Operation {
  return name in WEIGHTS;
}

const OPERATIONS = Object.entries(WEIGHTS).flatMap(([name, weight]) =>
  isOperation(name) ? Array.from({ length: weight }, () => name) : [],
);

const THREADS = 3;
const SECOND = 1_000_000;
/** When the clocks of all walks begin: some day, so that the numbers are as large as real ones. */
const START_MICROS = 1_700_000_000 * SECOND;
/** Microseconds between the steps' places in the second. */
const STRIDE = 7;
/** Failures that a job keeps: few, so that old ones have to go. */
const FAILURES_KEPT = 3;
const NAMES = Array.from({ length: 12 }, (_, i) => (i === 0 ? "default" : `tube-${i}`.repeat(i)));
/**
 * Lengths of bodies: around every boundary of inline bodies, blocks and slots, but mostly short.
 */
const PUT_BYTES = [
  0, 1, 7, 100, 100, 100, 400, 428, 429, 3967, 3968, 3969, 4072, 4073, 8144, 65536,
];
const UPLOAD_BYTES = [0, 50, 3968, 3969, 4072, 8145, 65537, 131_072, 200_001];
/** Lengths of failure messages: around the largest piece, with names of every length. */
const MESSAGE_BYTES = [0, 1, 60, 100, 100, 400, 3980, 4000, 4044, 4045, 8144, 65_536, 120_000];
const PRIORITIES = [0, 0, 5, 5, 1023, 1024, 1024, 4_294_967_295];
/** Jobs of a burst: enough to fill several pages. */
const BURST_JOBS = 36;
/** Lengths of their bodies. */
const BURST_BYTES = [3900, 3968, 5000, 8144];
/** What all bodies are cut from: no two places look alike. */
const NOISE = Buffer.from(
  Uint32Array.from({ length: 70_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1)).buffer,
);

/** A connection as its session knows it. */
interface Session {
  readonly ref: number;
  readonly thread: number;
  readonly watched: Map<string, number>;
  used: { name: string; ref: number } | undefined;
  /** It asked to wait and has not been answered. */
  waiting: boolean;
}

interface Upload {
  readonly ref: number;
  readonly body: Buffer;
  position: number;
}

/** A failure message that is whole and has not been used. */
interface Message {
  readonly ref: number;
  readonly session: Session;
  /** The session's name, which is in it. */
  readonly who: string;
  readonly text: Buffer;
}

function pick<T>(list: readonly T[], choice: number): T | undefined {
  return list[choice % list.length];
}

function pickNumber(list: readonly number[], choice: number): number {
  return pick(list, choice) ?? 0;
}

/** How a walk goes. */
export interface WalkOptions extends ShardOptions {
  /** Clients may be refused memory; without it OUT_OF_MEMORY is a fault. */
  readonly tight?: boolean;
}

class Walk {
  readonly #engine: EngineShard;
  readonly #model = new ModelShard(FAILURES_KEPT);
  readonly #sessions: Session[] = [];
  #uploads: Upload[] = [];
  #messages: Message[] = [];
  readonly #tight: boolean;
  #now = START_MICROS;
  #step = 0;
  #lastId = 0;
  #generation = 0;
  #opened = 0;
  /** Pages that are not in the shard's budget, as with several shards. */
  #pagesLeft: number;
  readonly #capPages: number;
  /** How often a client was refused memory. */
  refusals = 0;

  constructor({ tight = false, ...options }: WalkOptions) {
    this.#engine = EngineShard.open({ ...options, threads: THREADS });
    this.#engine.raw(0).keepFailures(FAILURES_KEPT);
    this.#tight = tight;
    this.#capPages = this.#engine.budgetPages();
    this.#pagesLeft = 0;
    const number = this.#engine.raw(0).nextNumber();
    this.#agree(this.#engine.pinTube(0, "default", number), this.#model.pinTube("default", number));
    for (const choice of [0, 1, 2, 3]) {
      this.#open(choice);
      for (let tube = 0; tube <= choice; tube++) this.#watch(this.#sessions[choice], tube);
      this.#use(this.#sessions[choice], choice);
    }
  }

  take([operation, a, b, c]: Step): void {
    this.#step++;
    this.#now = Math.floor(this.#now / SECOND) * SECOND + this.#step * STRIDE;
    this.#do(operation, a, b, c);
    this.#verify();
  }

  /**
   * After any walk everything can be drained: all jobs deleted, all connections closed, nothing
   * stays.
   */
  drain(): void {
    for (const session of this.#sessions.slice()) this.#close(session);
    for (const upload of this.#uploads) this.#engine.dropUpload(0, upload.ref);
    this.#uploads = [];
    for (const { ref } of this.#messages) this.#engine.dropFailure(0, ref);
    this.#messages = [];
    for (const { id } of this.#model.jobs.values()) {
      this.#agree(
        this.#engine.deleteJob(0, 0, id, this.#now),
        this.#model.deleteJob(0, id, this.#now),
      );
    }
    this.#verify();
    deepStrictEqual(
      this.#engine.listTubes(0).map(({ name }) => name),
      ["default"],
    );
  }

  #do(operation: Operation, a: number, b: number, c: number): void {
    const session = pick(this.#sessions, a);
    const engine = this.#engine;
    const model = this.#model;
    const now = this.#now;
    switch (operation) {
      case "put":
        return this.#put(session, b, c);
      case "upload":
        return this.#openUpload(pickNumber(UPLOAD_BYTES, b));
      case "append":
        return this.#append(pick(this.#uploads, a), 1 + ((b * 997 + c) % C.INPUT_BYTES));
      case "commit":
        return this.#commit(session, pick(this.#uploads, b), c);
      case "dropUpload":
        return this.#dropUpload(pick(this.#uploads, a));
      case "take":
      case "takeMax":
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
        return this.#dropFailure(pick(this.#messages, a));
      case "kick": {
        if (session?.used === undefined) return;
        const { ref, name } = session.used;
        const kind = pickNumber([C.KIND_ANY, C.KIND_ANY, C.KIND_DELAYED, C.KIND_BURIED], b);
        const bound = c % 7 === 6 ? -1 : c % 7;
        const reply = engine.kick(session.thread, ref, bound, kind, now);
        return this.#agree(reply, model.kick(name, bound >>> 0, kind, now));
      }
      case "kickJob": {
        const id = this.#anyId(b);
        return this.#agree(engine.kickJob(a % THREADS, id, now), model.kickJob(id, now));
      }
      case "flush": {
        // Most jobs shall live on, so mostly only old ones go.
        const some = pick([...model.jobs.values()], a)?.tube;
        const name = a % 4 === 0 ? pick(NAMES, a) : some;
        if (name === undefined) return;
        const last = b % 4 === 0 ? this.#lastId : Math.max(0, this.#lastId - 6);
        const reply = engine.flushTube(c % THREADS, name, last, () => now);
        return this.#agree(reply, model.flushTube(name, last, now));
      }
      case "pause": {
        const name = pick(NAMES, a) ?? "";
        const seconds = pickNumber([0, 0, 2, 4, 20], b);
        const reply = engine.pauseTube(0, name, seconds, now);
        return this.#agree(reply, model.pauseTube(name, seconds, now));
      }
      case "tick":
        this.#agree(engine.tick(a % THREADS, now), model.tick(now));
        strictEqual(engine.nextDueMicros() > now, true, "a tick leaves nothing that is due");
        return;
      case "tickExactly":
        return this.#tickExactly();
      case "sleep":
        this.#now += (a % 4) * SECOND;
        return;
      case "sleepLong":
        this.#now += pickNumber([10, 30, 100, 86_400, 10_000_000], a) * SECOND;
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
        for (let i = 0; i < BURST_JOBS; i++) this.#putBytes(session, b + i, c, this.#burstBytes(a));
        return;
      case "thin":
        return this.#thin(1 + (a % 4));
      case "shake":
        return engine.shake(c % THREADS, 1 + (a % 4));
      case "sweep":
        engine.sweep(c % THREADS, a % 4 === 0 ? 1 + (b % 5) : Infinity);
        return;
      case "settle":
        return this.#settleBudget(c % THREADS, a);
      default:
        return this.#look(operation, session, b, c);
    }
  }

  /** The operations that only look. */
  #look(operation: Operation, session: Session | undefined, b: number, c: number): void {
    const [engine, model, now, t] = [this.#engine, this.#model, this.#now, c % THREADS];
    const id = this.#anyId(b);
    const name = pick(NAMES, b) ?? "";
    switch (operation) {
      case "peek":
        return this.#agree(engine.peek(t, id, now), model.peek(id, now));
      case "peekTube": {
        if (session?.used === undefined) return;
        const { ref, name: used } = session.used;
        const kind = pickNumber([C.KIND_READY, C.KIND_DELAYED, C.KIND_BURIED], c);
        const reply = engine.peekTube(session.thread, ref, kind, now);
        return this.#agree(reply, model.peekTube(used, kind, now));
      }
      case "readBody": {
        const position = (c * 131) % 210_000;
        return this.#agree(engine.readBody(t, id, position), model.readBody(id, position));
      }
      case "statsJob": {
        const reply = this.#sparing(engine.statsJob(t, id, now), [C.JOB_FAILURES_KEPT]);
        return this.#agree(reply, this.#sparing(model.statsJob(id, now), [C.JOB_FAILURES_KEPT]));
      }
      case "failures":
        this.#agree(engine.tick(t, now), model.tick(now));
        return this.#compareFailures(id);
      case "lastMessage": {
        const reply = engine.lastMessage(t, id, now);
        const wanted = model.lastMessage(id, now);
        if (this.#tight) return this.#agreeBut(reply, wanted);
        return deepStrictEqual(reply, wanted);
      }
      case "statsTube":
        return this.#agree(engine.statsTube(t, name, now), model.statsTube(name, now));
      case "statsShard": {
        const reply = this.#without(engine.statsShard(t, now), UNKNOWN_FIGURES);
        const kept = [C.SHARD_FAILURES_KEPT];
        const wanted = this.#sparing(model.statsShard(now), kept);
        return this.#agree(this.#sparing(reply, kept), wanted);
      }
      case "histograms": {
        const tube = c % 3 === 0 ? undefined : name;
        return deepStrictEqual(engine.histograms(t, tube), model.histograms(tube));
      }
      case "listJobs":
        return this.#listJobs(t, name, b, c);
      case "peekReserved": {
        if (session?.used === undefined) return;
        const { ref, name: used } = session.used;
        this.#agree(engine.tick(t, now), model.tick(now)); // whom it wakes, the first of several calls would say
        const reply = engine.peekReserved(session.thread, ref, now, c % 2 === 0);
        return this.#agree(reply, model.peekReserved(used, now));
      }
      case "list":
        return deepStrictEqual(engine.listTubes(t), model.listTubes());
      default:
        if (session === undefined) return;
        strictEqual(engine.soonest(session.thread, session.ref), model.soonest(session.ref));
    }
  }

  /** Each way of looking finds the same. */
  #listJobs(t: number, tube: string, b: number, c: number): void {
    const now = this.#now;
    this.#agree(this.#engine.tick(t, now), this.#model.tick(now));
    const states = ["ready", "reserved", "delayed", "buried"] as const;
    const any = pick([...this.#model.jobs.values()], b >>> 2);
    const job = b % 4 === 0 ? undefined : any; // mostly where there is something
    const state = STATE_NUMBERS[job?.state ?? pick(states, c >>> 2) ?? "ready"];
    const after = c % 3 === 0 ? this.#anyId(c) : 0;
    const order = { tube: job?.tube ?? tube, state, after, most: 1 + (c % 5) };
    const wanted = this.#model.listJobs(order, now);
    for (const way of ["walk", "probe", "scan"] as const) {
      deepStrictEqual(
        this.#engine.listJobs(t, way, order, () => now),
        wanted,
      );
    }
    const ids = wanted ?? [];
    deepStrictEqual(
      this.#engine.describeJobs(t, order, ids, now),
      this.#model.describeJobs(ids, now),
    );
  }

  /* Putting. */

  #put(session: Session | undefined, b: number, c: number): void {
    this.#putBytes(session, b, c, pickNumber(PUT_BYTES, b >>> 3));
  }

  #burstBytes(choice: number): number {
    return pickNumber(BURST_BYTES, choice >>> 2);
  }

  #putBytes(session: Session | undefined, b: number, c: number, bytes: number): void {
    if (session?.used === undefined) return;
    const { ref, name } = session.used;
    const job = this.#newJob(b, c);
    const body = this.#bodyFor(job.id, bytes);
    const reply = this.#engine.put(session.thread, ref, { ...job, body }, this.#now);
    if (this.#isRefused(reply)) this.#agreeBut(reply, this.#model.tick(this.#now));
    else this.#agree(reply, this.#model.put(name, job, body.toString("latin1"), this.#now));
  }

  #newJob(
    b: number,
    c: number,
  ): Required<Pick<ModelJob, "id" | "pri" | "delaySeconds">> & {
    ttrSeconds: number;
  } {
    const taken = new Set([...this.#model.jobs.values()].map((job) => job.ttrSeconds));
    let ttrSeconds = 1 + 2 * (b % 12);
    while (taken.has(ttrSeconds)) ttrSeconds += 2;
    // Ids come from a counter that all shards share, and a slow upload may bring an old one: some
    // arrive late.
    const id = this.#engine.raw(0).nextId();
    const late = c % 5 === 0 && id > 3 && !this.#model.jobs.has(id - 2) ? id - 2 : id;
    this.#lastId = id;
    return {
      id: late,
      pri: pickNumber(PRIORITIES, c),
      delaySeconds: pickNumber([0, 0, 0, 0, 2, 4, 10], c >>> 3),
      ttrSeconds: ttrSeconds === 1 && c % 2 === 0 ? 0 : ttrSeconds,
    };
  }

  #bodyFor(id: number, bytes: number): Buffer {
    const from = (id * 13) % 1000;
    return NOISE.subarray(from, from + bytes);
  }

  #openUpload(bytes: number): void {
    const { reply, ref } = this.#engine.openUpload(0, bytes);
    if (!this.#isRefused(reply)) strictEqual(reply.answer, "DONE");
    if (reply.answer !== "DONE") return;
    this.#uploads.push({ ref, body: this.#bodyFor(this.#step, bytes), position: 0 });
  }

  #append(upload: Upload | undefined, most: number): void {
    if (upload === undefined) return;
    const piece = upload.body.subarray(upload.position, upload.position + most);
    const { ref, position } = upload;
    const reply = this.#engine.appendUpload(0, ref, position, piece);
    if (!this.#isRefused(reply)) strictEqual(reply.answer, "DONE");
    upload.position += reply.count ?? 0;
    if (reply.answer === "DONE") strictEqual(reply.count, piece.length);
  }

  /** Brings an upload to its end: what is missing, then the commit. */
  #commit(session: Session | undefined, upload: Upload | undefined, c: number): void {
    if (session?.used === undefined || upload === undefined) return;
    while (upload.position < upload.body.length) {
      const before = upload.position;
      this.#append(upload, C.INPUT_BYTES);
      if (upload.position === before) return; // no memory for it now
    }
    const job = this.#newJob(c, c);
    const { ref, name } = session.used;
    const reply = this.#engine.commitUpload(session.thread, upload.ref, ref, job, this.#now);
    this.#agree(reply, this.#model.put(name, job, upload.body.toString("latin1"), this.#now));
    this.#uploads = this.#uploads.filter((other) => other !== upload);
  }

  #dropUpload(upload: Upload | undefined): void {
    if (upload === undefined) return;
    strictEqual(this.#engine.dropUpload(0, upload.ref).answer, "DONE");
    this.#uploads = this.#uploads.filter((other) => other !== upload);
  }

  /** Deletes all jobs but each `kept`-th one and those that are held. */
  #thin(kept: number): void {
    for (const [index, { id }] of [...this.#model.jobs.values()].entries()) {
      if (index % (kept + 1) === 0) continue;
      this.#agree(
        this.#engine.deleteJob(0, 0, id, this.#now),
        this.#model.deleteJob(0, id, this.#now),
      );
    }
  }

  /** Gives back what the shard does not use, and is given some or all of it again. */
  #settleBudget(t: number, choice: number): void {
    this.#agree(this.#engine.tick(t, this.#now), this.#model.tick(this.#now));
    this.#pagesLeft += this.#engine.settleBudget(t);
    strictEqual(this.#engine.budgetPages(), this.#engine.usedBytes(this.#now) / C.PAGE_BYTES);
    const back = this.#tight && choice % 2 === 0 ? this.#pagesLeft >> 1 : this.#pagesLeft;
    if (back > 0) this.#engine.raw(t).grantPages(t, back, back);
    this.#pagesLeft -= Math.max(0, back);
  }

  /* Reserving. */

  #reserve(
    operation: "take" | "takeMax" | "best" | "wait",
    session: Session | undefined,
    b: number,
    c: number,
  ): void {
    if (session === undefined || session.waiting) return;
    const [now, { thread, ref }] = [this.#now, session];
    if (operation === "best") {
      this.#agree(this.#engine.best(thread, ref, now), this.#model.best(ref, now));
    } else if (operation === "wait") {
      const generation = ++this.#generation;
      const soon = c % 2 === 0 ? now + (b % 100) * SECOND : 0;
      const reply = this.#engine.wait(thread, ref, generation, now, soon);
      this.#agree(reply, this.#model.wait(ref, generation, now, soon));
      session.waiting = reply.answer === "WAITING";
    } else {
      const limit = { pri: pickNumber(PRIORITIES, b), id: this.#anyId(c) };
      const max = operation === "takeMax" ? limit : undefined;
      this.#agree(this.#engine.take(thread, ref, now, max), this.#model.take(ref, now, max));
    }
  }

  #cancel(session: Session | undefined): void {
    if (session === undefined) return;
    const { thread, ref } = session;
    const reply = this.#engine.cancel(thread, ref, this.#now);
    this.#agree(reply, this.#model.cancel(ref, this.#now));
    session.waiting = false;
  }

  #collect(thread: number): void {
    const reply = this.#engine.collect(thread, this.#now);
    this.#agree(reply, this.#model.collect(thread, reply.conn ?? 0, this.#now));
    for (const session of this.#sessions) if (session.ref === reply.conn) session.waiting = false;
  }

  #act(operation: Operation, session: Session | undefined, b: number, c: number): void {
    if (session === undefined) return;
    const [engine, model, now] = [this.#engine, this.#model, this.#now];
    const { thread, ref } = session;
    const held = model.heldBy(model.conn(ref));
    const id = b % 4 === 0 ? this.#anyId(c) : (pick(held, c)?.id ?? this.#anyId(c));
    const pri = pickNumber(PRIORITIES, b >>> 2);
    if (operation === "handBack")
      this.#agree(engine.handBack(thread, ref, id, now), model.handBack(ref, id, now));
    else if (operation === "delete")
      this.#agree(engine.deleteJob(thread, ref, id, now), model.deleteJob(ref, id, now));
    else if (operation === "bury")
      this.#agree(engine.bury(thread, ref, id, pri, now), model.bury(ref, id, pri, now));
    else if (operation === "touch")
      this.#agree(engine.touch(thread, ref, id, now), model.touch(ref, id, now));
    else if (operation === "reserveJob")
      this.#agree(engine.reserveJob(thread, ref, id, now), model.reserveJob(ref, id, now));
    else {
      const seconds = pickNumber([0, 0, 0, 2, 6], c);
      const reply = engine.release(thread, ref, id, pri, seconds, now);
      this.#agree(reply, model.release(ref, id, pri, seconds, now));
    }
  }

  /** Buries or releases with a message: one that is there already, or a new one. */
  #say(session: Session | undefined, b: number, c: number): void {
    if (session === undefined) return;
    const [engine, model, now] = [this.#engine, this.#model, this.#now];
    const { thread, ref } = session;
    const held = model.heldBy(model.conn(ref));
    const id = b % 8 === 0 ? this.#anyId(c) : (pick(held, c)?.id ?? this.#anyId(c));
    this.#agree(engine.holds(thread, ref, id, now), model.holds(ref, id, now));
    const ready = this.#messages.find((one) => one.session === session);
    const message = ready ?? this.#openFailure(session, pickNumber(MESSAGE_BYTES, b));
    const [failure, text] = [message?.ref ?? 0, message?.text.toString("latin1")];
    const pri = pickNumber(PRIORITIES, b >>> 2);
    const seconds = pickNumber([0, 0, 2, 6], c);
    const reply =
      c % 2 === 0
        ? engine.bury(thread, ref, id, pri, now, failure)
        : engine.release(thread, ref, id, pri, seconds, now, failure);
    this.#agree(
      reply,
      c % 2 === 0
        ? model.bury(ref, id, pri, now, text)
        : model.release(ref, id, pri, seconds, now, text),
    );
    if (reply.answer !== "NOT_FOUND") this.#messages = this.#messages.filter((o) => o !== message);
    if (model.jobs.has(id)) this.#compareFailures(id);
  }

  /** A whole message of `bytes`; undefined when there was no memory for it. */
  #openFailure(session: Session, bytes: number): Message | undefined {
    const engine = this.#engine;
    const { reply, ref } = engine.openFailure(session.thread, session.ref, bytes);
    if (this.#isRefused(reply)) return undefined;
    strictEqual(reply.answer, "DONE");
    const { who } = this.#model.conn(session.ref);
    const message = { ref, session, who, text: this.#bodyFor(this.#step, bytes) };
    for (let position = 0; position < bytes;) {
      const piece = message.text.subarray(position, position + 50_000);
      const taken = engine.appendFailure(session.thread, ref, position, piece);
      position += taken.count ?? 0;
      if (!this.#isRefused(taken)) strictEqual(taken.answer, "DONE");
      else {
        engine.dropFailure(session.thread, ref);
        return undefined;
      }
    }
    this.#messages.push(message);
    return message;
  }

  #dropFailure(message: Message | undefined): void {
    if (message === undefined) return;
    strictEqual(this.#engine.dropFailure(0, message.ref).answer, "DONE");
    this.#messages = this.#messages.filter((other) => other !== message);
  }

  /** All that the engine keeps; with little memory it may keep less, but nothing else. */
  #compareFailures(id: number): void {
    const kept = this.#engine.failuresOf(0, id, this.#now);
    if (!this.#tight) return deepStrictEqual(kept, this.#model.failuresOf(id));
    const all = new Map(this.#model.jobs.get(id)?.failures.map((one) => [one.number, one]));
    for (const failure of kept) deepStrictEqual(failure, all.get(failure.number));
  }

  /** How many failures are kept is not known with little memory. */
  #sparing(reply: Reply, figures: readonly number[]): Reply {
    return this.#tight ? this.#without(reply, figures) : reply;
  }

  /** Those figures count 0. */
  #without(reply: Reply, unknown: readonly number[]): Reply {
    const { figures } = reply;
    if (figures === undefined) return reply;
    return { ...reply, figures: figures.map((one, at) => (unknown.includes(at) ? 0 : one)) };
  }

  /* Connections and tubes. */

  #open(choice: number): void {
    if (this.#sessions.length >= 7) return;
    const thread = choice % THREADS;
    const token = ++this.#opened;
    const { reply, ref } = this.#engine.openConn(thread, token);
    this.#agree(reply, this.#model.openConn(ref, thread, token));
    if (choice % 3 !== 0) {
      const who = `10.0.0.${token}:${choice}`.repeat(1 + (choice % 4)).slice(0, C.WHO_MAX);
      this.#engine.nameConn(thread, ref, who);
      this.#model.conn(ref).who = who;
    }
    this.#sessions.push({ ref, thread, watched: new Map(), used: undefined, waiting: false });
  }

  #close(session: Session): void {
    this.#unuse(session);
    const { thread, ref } = session;
    const reply = this.#engine.closeConn(thread, ref, this.#now);
    this.#agree(reply, this.#model.closeConn(ref, this.#now));
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
  }

  #use(session: Session | undefined, choice: number): void {
    if (session === undefined) return;
    const name = pick(NAMES, choice) ?? "";
    const number = this.#engine.raw(0).nextNumber();
    const { reply, ref } = this.#engine.useTube(session.thread, name, number);
    this.#agree(reply, this.#model.useTube(name, number));
    this.#unuse(session);
    session.used = { name, ref };
  }

  #unuse(session: Session): void {
    if (session.used === undefined) return;
    const { name, ref } = session.used;
    session.used = undefined;
    this.#agree(this.#engine.unuseTube(session.thread, ref), this.#model.unuseTube(name));
  }

  #watch(session: Session | undefined, choice: number): void {
    if (session === undefined || session.waiting) return;
    const name = pick(NAMES, choice) ?? "";
    const number = this.#engine.raw(0).nextNumber();
    const { reply, ref } = this.#engine.watchTube(session.thread, session.ref, name, number);
    this.#agree(reply, this.#model.watchTube(session.ref, name, number));
    session.watched.set(name, ref);
  }

  #ignore(session: Session | undefined, choice: number): void {
    if (session === undefined || session.waiting) return;
    const entry = pick([...session.watched], choice);
    if (entry === undefined) return;
    const [name, tube] = entry;
    const reply = this.#engine.ignoreTube(session.thread, session.ref, tube);
    this.#agree(reply, this.#model.ignoreTube(session.ref, name));
    session.watched.delete(name);
  }

  /**
   * A tick at the very microsecond; only while nobody waits, or the grants' deadlines could tie.
   */
  #tickExactly(): void {
    const due = this.#model.nextEventMicros();
    if (due === C.NEVER_MICROS || due < this.#now) return;
    if ([...this.#model.conns.values()].some((conn: ModelConn) => conn.waiting)) return;
    this.#now = due;
    this.#agree(this.#engine.tick(0, due), this.#model.tick(due));
    this.#now += SECOND;
  }

  /* Comparing. */

  /** The id of some job, or of none. */
  #anyId(choice: number): number {
    const ids = [...this.#model.jobs.keys()];
    return choice % 11 === 10 ? this.#lastId + 5 : (pick(ids, choice) ?? 1);
  }

  #isRefused(reply: Reply): boolean {
    const refused = this.#tight && reply.answer === "OUT_OF_MEMORY";
    if (refused) this.refusals++;
    return refused;
  }

  #agree(engine: Reply, model: Reply): void {
    deepStrictEqual(engine, model);
  }

  /** The same threads are woken, whatever the answers. */
  #agreeBut(engine: Reply, model: Reply): void {
    deepStrictEqual(engine.wakes, model.wakes);
  }

  #verify(): void {
    strictEqual(this.#engine.budgetPages() + this.#pagesLeft, this.#capPages, "pages of the cap");
    const slots = this.#uploads.map(({ body, position }) => {
      return body.length <= C.INLINE_BODY_MAX ? 1 : 1 + Math.ceil(position / BLOCK_BODY);
    });
    const messages = this.#messages.map(({ who, text }) => {
      const isWhole = 40 + who.length + text.length <= PIECE_MAX;
      return isWhole ? 1 : 1 + Math.ceil(text.length / BLOCK_BODY);
    });
    const names = this.#sessions.filter((session) => this.#model.conn(session.ref).who !== "");
    const hidden = this.#engine.verify();
    const count = [...slots, ...messages].reduce((sum, n) => sum + n, 0);
    const expected = this.#sessions.length + names.length + count;
    strictEqual(hidden, expected, "slots that only connections and uploads use");
    strictEqual(
      this.#engine.nextDueMicros() <= this.#model.nextEventMicros(),
      true,
      "the first timer rings before the first event, or with it",
    );
  }
}

/** Body bytes in a block of a long body (assembly/job.ts). */
const BLOCK_BODY = 4072;
/** Bytes of the largest piece (assembly/memory.ts). */
const PIECE_MAX = 4080;

/** What to walk, and how often. */
export interface WalksOptions extends WalkOptions {
  readonly runs: number;
  /** Steps of the longest walk. */
  readonly steps: number;
  /** Whether to look for the shortest walk that goes wrong; true when absent. */
  readonly shrink?: boolean;
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
  ...options
}: WalksOptions): number {
  let refusals = 0;
  const number = fc.nat(10_000);
  const operation = fc.constantFrom(...OPERATIONS);
  const step: fc.Arbitrary<Step> = fc.tuple(operation, ...([number, number, number] as const));
  const walks = fc.array(step, { minLength: 1, maxLength: steps, size: "max" });
  fc.assert(
    fc.property(walks, (taken) => {
      refusals += walk(taken, options);
    }),
    {
      numRuns: Math.ceil(runs), // a fraction would never come to an end
      endOnFailure: !shrink,
      interruptAfterTimeLimit: 300_000, // shrinking, too, comes to an end
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
