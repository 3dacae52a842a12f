/* Model: what one shard does, as plainly as it can be said. The engine is compared with it, call by
 * call.
 *
 * Written from the protocol, not from the engine: jobs are objects in a Map, every question is
 * answered by looking at all of them. Where the protocol leaves a choice open the project's own
 * rules fill it: waiters are served first come first served, what is due happens in the order of
 * the deadlines, and the jobs of a connection that goes come back in the order of theirs.
 */
import * as C from "../../assembly/constants.ts";
import { Tally } from "./tally.ts";
import type { Answer, EngineFailure, ListOrder, ListedTube, NewJob, Reply } from "./engine.ts";

/** Most jobs that one kick moves. */
const STEP = C.STEP_JOBS;
const SECOND = 1_000_000;

export interface ModelJob {
  readonly id: number;
  readonly tube: string;
  pri: number;
  delaySeconds: number;
  readonly ttrSeconds: number;
  readonly body: string;
  readonly createdMicros: number;
  state: "ready" | "reserved" | "delayed" | "buried";
  /** End of the delay or of the time to run. */
  deadline: number;
  /** Since when it is ready, or was when it was granted. */
  readySince: number;
  /** When it was reserved, or the grant collected. */
  reservedAt: number;
  holder: ModelConn | undefined;
  /** Reserved by a grant that nobody has collected yet. */
  granted: boolean;
  /** Place among the buried jobs. */
  buriedAt: number;
  reserves: number;
  timeouts: number;
  releases: number;
  buries: number;
  kicks: number;
  /** All of them, from the first on. */
  readonly failures: EngineFailure[];
}

interface ModelTube {
  readonly name: string;
  readonly number: number;
  using: number;
  readonly tally: Tally;
  pauses: number;
  pauseMicros: number;
  pausedUntil: number | undefined;
  pinned: boolean;
  waiters: ModelConn[];
}

export interface ModelConn {
  readonly key: number;
  readonly thread: number;
  readonly token: number;
  who: string;
  readonly watched: Set<string>;
  waiting: boolean;
  generation: number;
  /** A grant was made and not collected, even if it ran out since. */
  calling: boolean;
  /** The job of the last grant that it collected, while it has done nothing since. */
  collected: ModelJob | undefined;
}

/** The events that are counted. */
type Event = Exclude<keyof Tally, "reserves" | "failures" | "queue" | "process">;

/** Figures of statsShard that are not the model's to know. */
export const UNKNOWN_FIGURES = [
  C.SHARD_USED_BYTES,
  C.SHARD_TAKEN_BYTES,
  C.SHARD_CONTENDED,
] as const;

/** The engine's numbers of the states. */
export const STATE_NUMBERS = {
  ready: C.STATE_READY,
  reserved: C.STATE_RESERVED,
  delayed: C.STATE_DELAYED,
  buried: C.STATE_BURIED,
} as const;

function byPlace(a: ModelJob, b: ModelJob): number {
  return a.pri - b.pri || a.id - b.id;
}

function byDeadline(a: ModelJob, b: ModelJob): number {
  return a.deadline - b.deadline || a.id - b.id;
}

/** One shard. Tubes go by their names, connections by any key. */
export class ModelShard {
  readonly jobs = new Map<number, ModelJob>();
  readonly tubes = new Map<string, ModelTube>();
  readonly conns = new Map<number, ModelConn>();
  /** Failures that a job keeps. */
  readonly #keepsFailures: number;
  readonly #tally = new Tally();
  #buriedAt = 0;
  readonly #wakes = new Set<number>();

  constructor(keepsFailures = C.FAILURES_KEPT) {
    this.#keepsFailures = keepsFailures;
  }

  /* Tubes and connections. */

  useTube(name: string, number: number): Reply {
    this.#findOrMake(name, number).using++;
    return this.#reply("DONE");
  }

  unuseTube(name: string): Reply {
    this.#tube(name).using--;
    this.#forgetIfUnused(name);
    return this.#reply("DONE");
  }

  pinTube(name: string, number: number): Reply {
    this.#findOrMake(name, number).pinned = true;
    return this.#reply("DONE");
  }

  openConn(key: number, thread: number, token: number): Reply {
    const watched = new Set<string>();
    const idle = { waiting: false, generation: 0, calling: false, collected: undefined };
    const conn = { key, thread, token, watched, who: "", ...idle };
    this.conns.set(key, conn);
    return this.#reply("DONE");
  }

  closeConn(key: number, now: number): Reply {
    this.#settle(now);
    const conn = this.conn(key);
    this.#stopWaiting(conn);
    const granted = this.#grantOf(conn);
    if (granted !== undefined) this.#undoReservation(granted, granted.readySince, now);
    for (const job of this.heldBy(conn)) {
      this.#count(job.tube, "losses");
      this.#fail(job, C.END_CONNECTION_LOST, now);
      this.#makeReady(job, now);
    }
    this.conns.delete(key);
    for (const name of conn.watched) this.#forgetIfUnused(name);
    return this.#reply("DONE");
  }

  watchTube(key: number, name: string, number: number): Reply {
    this.#findOrMake(name, number);
    this.conn(key).watched.add(name);
    return this.#reply("DONE");
  }

  ignoreTube(key: number, name: string): Reply {
    this.conn(key).watched.delete(name);
    this.#forgetIfUnused(name);
    return this.#reply("DONE");
  }

  /** When the first TTR of the connection's jobs is over. */
  soonest(key: number): number {
    return this.heldBy(this.conn(key))[0]?.deadline ?? C.NEVER_MICROS;
  }

  /* Putting. */

  put(tube: string, job: NewJob, body: string, now: number): Reply {
    this.#settle(now);
    const { id, pri = 0, delaySeconds = 0, ttrSeconds = 60 } = job;
    const made: ModelJob = {
      id,
      tube,
      pri,
      delaySeconds,
      body,
      createdMicros: now,
      ttrSeconds: Math.max(1, ttrSeconds),
      state: "ready",
      deadline: 0,
      readySince: now,
      reservedAt: 0,
      holder: undefined,
      granted: false,
      buriedAt: 0,
      reserves: 0,
      timeouts: 0,
      releases: 0,
      buries: 0,
      kicks: 0,
      failures: [],
    };
    this.jobs.set(id, made);
    this.#count(tube, "puts");
    this.#readyOrDelayed(made, now);
    return this.#reply("DONE");
  }

  /* Reserving. */

  best(key: number, now: number): Reply {
    this.#settle(now);
    const job = this.#bestFor(this.conn(key));
    return job === undefined
      ? this.#reply("NONE")
      : this.#reply("RESERVED", { id: job.id, pri: job.pri });
  }

  take(key: number, now: number, max?: { pri: number; id: number }): Reply {
    this.#settle(now);
    const job = this.#bestFor(this.conn(key));
    if (job === undefined) return this.#reply("NONE");
    const worse = max !== undefined && (job.pri - max.pri || job.id - max.id) > 0;
    if (worse) return this.#reply("WORSE", { id: job.id, pri: job.pri });
    this.#take(job, this.conn(key), now);
    return this.#reply("RESERVED", show(job));
  }

  wait(key: number, generation: number, now: number, soon: number): Reply {
    this.#settle(now);
    const conn = this.conn(key);
    const job = this.#bestFor(conn);
    if (job !== undefined) {
      this.#take(job, conn, now);
      return this.#reply("RESERVED", show(job));
    }
    const due = this.soonest(key);
    if (due <= soon) return this.#reply("SOON", { due });
    conn.waiting = true;
    conn.generation = generation;
    for (const name of conn.watched) this.#tube(name).waiters.push(conn);
    return this.#reply("WAITING", { due });
  }

  cancel(key: number, now: number): Reply {
    this.#settle(now);
    const conn = this.conn(key);
    this.#stopWaiting(conn);
    return conn.calling ? this.#collectFrom(conn, now) : this.#reply("NONE");
  }

  /**
   * Collects the grant of the connection `key` of `thread`; which one comes next is not promised, 0
   * = there shall be none.
   */
  collect(thread: number, key: number, now: number): Reply {
    this.#settle(now);
    const callers = [...this.conns.values()].filter((c) => c.thread === thread && c.calling);
    const conn = callers.find((caller) => caller.key === key) ?? callers[0];
    return conn === undefined ? this.#reply("NONE") : this.#collectFrom(conn, now);
  }

  handBack(key: number, id: number, now: number): Reply {
    this.#settle(now);
    const job = this.#heldJob(key, id);
    if (job === undefined) return this.#reply("NOT_FOUND");
    const conn = this.conn(key);
    const isNew = conn.collected === job;
    if (isNew) this.#countTime(job.tube, "queue", job.reservedAt - job.readySince, -1);
    if (isNew) conn.collected = undefined;
    this.#undoReservation(job, isNew ? job.readySince : now, now);
    return this.#reply("DONE");
  }

  reserveJob(key: number, id: number, now: number): Reply {
    this.#settle(now);
    const job = this.jobs.get(id);
    if (job === undefined || job.state === "reserved") return this.#reply("NOT_FOUND");
    this.#take(job, this.conn(key), now);
    return this.#reply("RESERVED", show(job));
  }

  /* What a holder does. */

  deleteJob(key: number, id: number, now: number): Reply {
    this.#settle(now);
    const job = this.jobs.get(id);
    const foreign = job?.state === "reserved" && this.#heldJob(key, id) === undefined;
    if (job === undefined || foreign) return this.#reply("NOT_FOUND");
    if (job.state === "reserved") this.#countTime(job.tube, "process", now - job.reservedAt);
    this.#count(job.tube, "deletes");
    this.jobs.delete(id);
    this.#forgetIfUnused(job.tube);
    return this.#reply("DONE");
  }

  holds(key: number, id: number, now: number): Reply {
    this.#settle(now);
    return this.#reply(this.#heldJob(key, id) === undefined ? "NOT_FOUND" : "DONE");
  }

  release(
    key: number,
    id: number,
    pri: number,
    delaySeconds: number,
    now: number,
    message?: string,
  ): Reply {
    this.#settle(now);
    const job = this.#heldJob(key, id);
    if (job === undefined) return this.#reply("NOT_FOUND");
    this.#countTime(job.tube, "process", now - job.reservedAt);
    this.#count(job.tube, "releases");
    this.#fail(job, C.END_RELEASED, now, message);
    job.releases++;
    job.pri = pri;
    job.delaySeconds = delaySeconds;
    this.#readyOrDelayed(job, now);
    return this.#reply("DONE");
  }

  bury(key: number, id: number, pri: number, now: number, message?: string): Reply {
    this.#settle(now);
    const job = this.#heldJob(key, id);
    if (job === undefined) return this.#reply("NOT_FOUND");
    this.#countTime(job.tube, "process", now - job.reservedAt);
    this.#count(job.tube, "buries");
    this.#fail(job, C.END_BURIED, now, message);
    job.buries++;
    job.pri = pri;
    job.state = "buried";
    job.buriedAt = ++this.#buriedAt;
    job.holder = undefined;
    return this.#reply("DONE");
  }

  touch(key: number, id: number, now: number): Reply {
    this.#settle(now);
    const job = this.#heldJob(key, id);
    if (job === undefined) return this.#reply("NOT_FOUND");
    job.deadline = now + job.ttrSeconds * SECOND;
    this.conn(key).collected = undefined;
    this.#count(job.tube, "touches");
    return this.#reply("DONE");
  }

  /* Kicking and pausing. */

  kick(tube: string, bound: number, kind: number, now: number): Reply {
    this.#settle(now);
    const any = this.#ofKind(tube, C.KIND_BURIED).length > 0 ? C.KIND_BURIED : C.KIND_DELAYED;
    const chosen = kind === C.KIND_ANY ? any : kind;
    const all = this.#ofKind(tube, chosen);
    const kicked = all.slice(0, Math.min(bound, STEP));
    for (const job of kicked) this.#kickOne(job, now);
    const more = kicked.length === STEP && bound > STEP && all.length > STEP;
    return this.#reply(more ? "MORE" : "DONE", { count: kicked.length, kind: chosen });
  }

  kickJob(id: number, now: number): Reply {
    this.#settle(now);
    const job = this.jobs.get(id);
    if (job?.state !== "buried" && job?.state !== "delayed") return this.#reply("NOT_FOUND");
    this.#kickOne(job, now);
    return this.#reply("DONE");
  }

  pauseTube(name: string, delaySeconds: number, now: number): Reply {
    this.#settle(now);
    const tube = this.tubes.get(name);
    if (tube === undefined) return this.#reply("NOT_FOUND");
    tube.pauses++;
    if (delaySeconds === 0) {
      this.#unpause(tube, now);
    } else {
      tube.pauseMicros = delaySeconds * SECOND;
      tube.pausedUntil = now + delaySeconds * SECOND;
    }
    return this.#reply("DONE");
  }

  /* Looking. */

  tick(now: number): Reply {
    this.#settle(now);
    return this.#reply("NONE");
  }

  peek(id: number, now: number): Reply {
    this.#settle(now);
    const job = this.jobs.get(id);
    return job === undefined ? this.#reply("NOT_FOUND") : this.#reply("DONE", show(job));
  }

  peekTube(tube: string, kind: number, now: number): Reply {
    this.#settle(now);
    const job = this.#ofKind(tube, kind)[0];
    return job === undefined ? this.#reply("NOT_FOUND") : this.#reply("DONE", show(job));
  }

  readBody(id: number, position: number): Reply {
    const body = this.jobs.get(id)?.body;
    if (body === undefined) return this.#reply("NOT_FOUND");
    return this.#reply("DONE", { body: body.slice(position, position + C.OUTPUT_BYTES) });
  }

  statsJob(id: number, now: number): Reply {
    this.#settle(now);
    const job = this.jobs.get(id);
    if (job === undefined) return this.#reply("NOT_FOUND");
    const timed = job.state === "reserved" || job.state === "delayed";
    const figures = [
      STATE_NUMBERS[job.state],
      job.pri,
      now - job.createdMicros,
      job.delaySeconds,
      job.ttrSeconds,
      timed ? job.deadline - now : 0,
      job.reserves,
      job.timeouts,
      job.releases,
      job.buries,
      job.kicks,
      job.failures.length,
      Math.min(job.failures.length, this.#keepsFailures),
      0, // no journal, no segment
    ];
    return this.#reply("DONE", { figures, name: job.tube });
  }

  statsTube(name: string, now: number): Reply {
    this.#settle(now);
    const tube = this.tubes.get(name);
    if (tube === undefined) return this.#reply("NOT_FOUND");
    const left = tube.pausedUntil === undefined ? 0 : tube.pausedUntil - now;
    const watching = this.#watchersOf(name);
    const { tally } = tube;
    const figures = [
      ...this.#counts((job) => job.tube === name),
      tally.puts,
      tube.using,
      watching,
      tube.waiters.length,
      tally.deletes,
      tube.pauses,
      tube.pauseMicros,
      left,
      tally.failures,
      tally.losses,
      0,
      tally.puts,
      tally.reserves,
      tally.deletes,
      tally.releases,
      tally.buries,
      tally.kicks,
      tally.touches,
      tally.timeouts,
      this.#oldestMicros(name, now),
    ];
    return this.#reply("DONE", { figures });
  }

  /** Microseconds since the ready job of the lowest id was put; -1 without one. */
  #oldestMicros(name: string, now: number): number {
    const ready = this.#ofKind(name, C.KIND_READY).toSorted((a, b) => a.id - b.id);
    return ready[0] === undefined ? -1 : now - ready[0].createdMicros;
  }

  /** Memory and contention, which a model cannot know, count 0. */
  statsShard(now: number): Reply {
    this.#settle(now);
    const tally = this.#tally;
    const figures = [
      ...this.#counts(() => true),
      tally.timeouts,
      tally.puts,
      this.tubes.size,
      ...UNKNOWN_FIGURES.map(() => 0),
      0, // no journal, no records
      0,
      tally.failures,
      this.#failuresKept(),
      tally.losses,
      tally.reserves,
      tally.deletes,
      tally.releases,
      tally.buries,
      tally.kicks,
      tally.touches,
    ];
    return this.#reply("DONE", { figures });
  }

  /** The times of a tube in queue and in process; without a name, of the whole shard. */
  histograms(name: string | undefined): readonly number[] | undefined {
    const tally = name === undefined ? this.#tally : this.tubes.get(name)?.tally;
    return tally && [...tally.queue.numbers, ...tally.process.numbers];
  }

  #failuresKept(): number {
    return [...this.jobs.values()].reduce((sum, job) => sum + this.failuresOf(job.id).length, 0);
  }

  /** The failures that a job keeps, oldest first. */
  failuresOf(id: number): readonly EngineFailure[] {
    return this.jobs.get(id)?.failures.slice(-this.#keepsFailures) ?? [];
  }

  /** The newest of these that has a message. */
  lastMessage(id: number, now: number): Reply & { failure?: EngineFailure } {
    this.#settle(now);
    if (!this.jobs.has(id)) return this.#reply("NOT_FOUND");
    const failure = this.failuresOf(id).findLast(({ message }) => message !== undefined);
    return failure === undefined ? this.#reply("NONE") : { ...this.#reply("DONE"), failure };
  }

  listTubes(): ListedTube[] {
    return [...this.tubes.values()].map(({ name, number }) => ({ name, number }));
  }

  /**
   * The lowest ids, above `after`, of the tube's jobs in that state; undefined when there is no
   * such tube.
   */
  listJobs(order: ListOrder, now: number): number[] | undefined {
    this.#settle(now);
    if (!this.tubes.has(order.tube)) return undefined;
    return [...this.jobs.values()]
      .filter((job) => job.tube === order.tube && STATE_NUMBERS[job.state] === order.state)
      .map(({ id }) => id)
      .filter((id) => id > order.after)
      .toSorted((a, b) => a - b)
      .slice(0, order.most);
  }

  /** What is known of these jobs: id, age, time left, pri, delay, ttr, bytes, and the counters. */
  describeJobs(ids: readonly number[], now: number): number[][] {
    return ids.flatMap((id) => {
      const { figures = [] } = this.statsJob(id, now);
      const [, pri = 0, age = 0, delay = 0, ttr = 0, left = 0, ...counters] = figures;
      const bytes = this.jobs.get(id)?.body.length ?? 0;
      return [[id, age, left, pri, delay, ttr, bytes, ...counters.slice(0, 6)]];
    });
  }

  peekReserved(tube: string, now: number): Reply {
    this.#settle(now);
    const [job] = [...this.jobs.values()]
      .filter(({ tube: name, state }) => name === tube && state === "reserved")
      .toSorted(byDeadline);
    return job === undefined ? this.#reply("NOT_FOUND") : this.#reply("DONE", show(job));
  }

  flushTube(name: string, last: number, now: number): Reply {
    this.#settle(now);
    if (!this.tubes.has(name)) return this.#reply("NOT_FOUND", { count: 0 });
    // A buried job behind one that is too new was buried after the flush began.
    const buried = this.#ofKind(name, C.KIND_BURIED);
    const late = buried.findIndex(({ id }) => id > last);
    const flushed = [...this.jobs.values()].filter(
      (job) =>
        job.tube === name &&
        job.state !== "reserved" &&
        job.id <= last &&
        (late < 0 || !buried.slice(late).includes(job)),
    );
    for (const { id } of flushed) {
      this.jobs.delete(id);
      this.#count(name, "deletes");
    }
    this.#forgetIfUnused(name);
    return this.#reply("DONE", { count: flushed.length });
  }

  /** When something happens by itself next. */
  nextEventMicros(): number {
    return this.#nextEvent()?.at ?? C.NEVER_MICROS;
  }

  conn(key: number): ModelConn {
    const conn = this.conns.get(key);
    if (conn === undefined) throw new RangeError(`no connection ${key}`);
    return conn;
  }

  /** The jobs that `conn` holds, an uncollected grant included, first deadline first. */
  heldBy(conn: ModelConn): ModelJob[] {
    return [...this.jobs.values()].filter((job) => job.holder === conn).toSorted(byDeadline);
  }

  /* Time. */

  #nextEvent(): { at: number; happen: (now: number) => void } | undefined {
    const events = [...this.jobs.values()]
      .filter(({ state }) => state === "delayed" || state === "reserved")
      .map((job) => ({
        at: job.deadline,
        id: job.id,
        happen: (now: number): void => this.#due(job, now),
      }));
    const pauses = [...this.tubes.values()].flatMap((tube) =>
      tube.pausedUntil === undefined
        ? []
        : [
            {
              at: tube.pausedUntil,
              id: 0,
              happen: (now: number): void => this.#unpause(tube, now),
            },
          ],
    );
    return [...events, ...pauses].toSorted((a, b) => a.at - b.at || a.id - b.id)[0];
  }

  #settle(now: number): void {
    for (let event = this.#nextEvent(); event && event.at <= now; event = this.#nextEvent()) {
      event.happen(now);
    }
  }

  #due(job: ModelJob, now: number): void {
    if (job.state === "reserved") {
      job.timeouts++;
      this.#count(job.tube, "timeouts");
      this.#fail(job, C.END_TIMED_OUT, now);
    }
    this.#makeReady(job, now);
  }

  #unpause(tube: ModelTube, now: number): void {
    tube.pausedUntil = undefined;
    tube.pauseMicros = 0;
    this.#match(tube, now);
  }

  /* States. */

  #readyOrDelayed(job: ModelJob, now: number): void {
    if (job.delaySeconds === 0) {
      this.#makeReady(job, now);
      return;
    }
    job.state = "delayed";
    job.holder = undefined;
    job.deadline = now + job.delaySeconds * SECOND;
  }

  #makeReady(job: ModelJob, now: number, since = now): void {
    job.readySince = since;
    job.state = "ready";
    job.holder = undefined;
    job.granted = false;
    this.#match(this.#tube(job.tube), now);
  }

  /** Reserves a job for whoever asks for one now. */
  #take(job: ModelJob, conn: ModelConn, now: number): void {
    conn.collected = undefined;
    if (job.state === "ready") this.#countTime(job.tube, "queue", now - job.readySince);
    else this.#count(job.tube, "otherReserves");
    this.#reserve(job, conn, now);
  }

  #count(tube: string, event: Event): void {
    this.#tally[event]++;
    this.#tube(tube).tally[event]++;
  }

  /** Counts how long it took, or takes that away again with `by` -1. */
  #countTime(tube: string, which: "queue" | "process", micros: number, by = 1): void {
    this.#tally[which].count(micros, by);
    this.#tube(tube).tally[which].count(micros, by);
  }

  #reserve(job: ModelJob, conn: ModelConn, now: number): void {
    job.state = "reserved";
    job.holder = conn;
    job.reserves++;
    job.reservedAt = now;
    job.deadline = now + job.ttrSeconds * SECOND;
  }

  /** The attempt of the job's holder has failed. */
  #fail(job: ModelJob, end: number, now: number, message?: string): void {
    job.failures.push({
      number: job.failures.length + 1,
      attempt: job.reserves,
      atMicros: now,
      end,
      who: job.holder?.who ?? "",
      ...(message !== undefined && { message }),
    });
  }

  /** The job is ready again as if it had been so since `since`. */
  #undoReservation(job: ModelJob, since: number, now: number): void {
    job.reserves--;
    this.#makeReady(job, now, since);
  }

  #kickOne(job: ModelJob, now: number): void {
    job.kicks++;
    this.#count(job.tube, "kicks");
    this.#makeReady(job, now);
  }

  /** Gives ready jobs of `tube` to those who wait for them. */
  #match(tube: ModelTube, now: number): void {
    while (tube.pausedUntil === undefined) {
      const [job] = this.#ofKind(tube.name, C.KIND_READY);
      const [conn] = tube.waiters;
      if (job === undefined || conn === undefined) return;
      this.#stopWaiting(conn);
      this.#reserve(job, conn, now);
      job.granted = true;
      conn.calling = true;
      this.#wakes.add(conn.thread);
    }
  }

  #stopWaiting(conn: ModelConn): void {
    conn.waiting = false;
    for (const tube of this.tubes.values()) {
      tube.waiters = tube.waiters.filter((waiter) => waiter !== conn);
    }
  }

  #collectFrom(conn: ModelConn, now: number): Reply {
    const { key, token, generation } = conn;
    const job = this.#grantOf(conn);
    conn.calling = false;
    if (job === undefined) return this.#reply("LOST", { conn: key, token, generation });
    job.granted = false;
    job.deadline = now + job.ttrSeconds * SECOND;
    job.reservedAt = now;
    conn.collected = job;
    this.#countTime(job.tube, "queue", now - job.readySince);
    return this.#reply("RESERVED", { ...show(job), conn: key, token, generation });
  }

  /* Questions. */

  #grantOf(conn: ModelConn): ModelJob | undefined {
    return this.heldBy(conn).find((job) => job.granted);
  }

  #heldJob(key: number, id: number): ModelJob | undefined {
    const job = this.jobs.get(id);
    return job?.state === "reserved" && job.holder?.key === key && !job.granted ? job : undefined;
  }

  #ofKind(tube: string, kind: number): ModelJob[] {
    const jobs = [...this.jobs.values()].filter((job) => job.tube === tube);
    if (kind === C.KIND_READY) return jobs.filter((j) => j.state === "ready").toSorted(byPlace);
    if (kind === C.KIND_DELAYED)
      return jobs.filter((j) => j.state === "delayed").toSorted(byDeadline);
    return jobs.filter((j) => j.state === "buried").toSorted((a, b) => a.buriedAt - b.buriedAt);
  }

  #bestFor(conn: ModelConn): ModelJob | undefined {
    return [...this.jobs.values()]
      .filter((job) => job.state === "ready" && conn.watched.has(job.tube))
      .filter((job) => this.#tube(job.tube).pausedUntil === undefined)
      .toSorted(byPlace)[0];
  }

  /** Urgent, ready, reserved, delayed, buried. */
  #counts(which: (job: ModelJob) => boolean): number[] {
    const jobs = [...this.jobs.values()].filter(which);
    const urgent = jobs.filter((job) => job.state === "ready" && job.pri < C.URGENT_BELOW).length;
    const states = ["ready", "reserved", "delayed", "buried"] as const;
    return [urgent, ...states.map((state) => jobs.filter((job) => job.state === state).length)];
  }

  #watchersOf(name: string): number {
    return [...this.conns.values()].filter((conn) => conn.watched.has(name)).length;
  }

  /* Tubes. */

  #tube(name: string): ModelTube {
    const tube = this.tubes.get(name);
    if (tube === undefined) throw new RangeError(`no tube ${name}`);
    return tube;
  }

  #findOrMake(name: string, number: number): ModelTube {
    const tube = this.tubes.get(name) ?? {
      name,
      number,
      using: 0,
      tally: new Tally(),
      pauses: 0,
      pauseMicros: 0,
      pausedUntil: undefined,
      pinned: false,
      waiters: [],
    };
    this.tubes.set(name, tube);
    return tube;
  }

  #forgetIfUnused(name: string): void {
    const tube = this.tubes.get(name);
    if (tube === undefined || tube.pinned || tube.using > 0 || this.#watchersOf(name) > 0) return;
    if ([...this.jobs.values()].every((job) => job.tube !== name)) this.tubes.delete(name);
  }

  #reply(answer: Answer, facts: Omit<Reply, "answer" | "wakes"> = {}): Reply {
    const wakes = [...this.#wakes].toSorted((a, b) => a - b);
    this.#wakes.clear();
    return { answer, wakes, ...facts };
  }
}

function show({ id, pri, body }: ModelJob): { id: number; pri: number; body: string } {
  return { id, pri, body };
}
