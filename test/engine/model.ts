/* Model: what one shard does, as plainly as it can be said. The engine is compared with it, call by
 * call.
 *
 * Written from the protocol, not from the engine: jobs are objects in a Map, every question is
 * answered by looking at all of them. Where the protocol leaves a choice open the project's own
 * rules fill it: waiters are served first come first served, what is due happens in the order of
 * the deadlines, and the jobs of a connection that goes come back in the order of theirs.
 */
import * as C from "../../assembly/constants.ts";
import { ACK_LEVELS } from "../../src/protocol/tags.ts";
import type { EngineFailure, ListOrder, ListedTube, NewJob, Reply } from "./answers.ts";
import { SECOND, STATE_NUMBERS, byDeadline, show, wordsOf } from "./model-parts.ts";
import type { ModelJob, ModelTags } from "./model-parts.ts";
import { ModelEnds } from "./model-ends.ts";

/** Most jobs that one kick moves. */
const STEP = C.STEP_JOBS;

/** One shard. Tubes go by their names, connections by any key. */
export class ModelShard extends ModelEnds {
  /* Tubes and connections. */

  useTube(name: string, number: number): Reply {
    this.findOrMake(name, number).using++;
    return this.reply("DONE");
  }

  unuseTube(name: string): Reply {
    this.tubeOf(name).using--;
    this.forgetIfUnused(name);
    return this.reply("DONE");
  }

  pinTube(name: string, number: number): Reply {
    this.findOrMake(name, number).pinned = true;
    return this.reply("DONE");
  }

  openConn(key: number, thread: number, token: number): Reply {
    const watched = new Set<string>();
    const idle = { waiting: false, generation: 0, calling: false, collected: undefined };
    const untold = { notes: undefined, noted: false, token128: undefined };
    const awaits = { awaits: [], watching: [], ends: [], isEnded: false };
    const conn = { key, thread, token, watched, who: "", ...idle, ...untold, ...awaits };
    this.conns.set(key, conn);
    return this.reply("DONE");
  }

  closeConn(key: number, now: number): Reply {
    this.settle(now);
    const conn = this.conn(key);
    this.stopWaiting(conn);
    const granted = this.grantOf(conn);
    if (granted !== undefined) this.undoReservation(granted, granted.readySince, now);
    for (const job of this.heldBy(conn)) {
      this.count(job.tube, "losses");
      if (this.endIfCancelled(job)) continue;
      this.fail(job, C.END_CONNECTION_LOST, now);
      this.makeReady(job, now);
    }
    this.conns.delete(key);
    for (const name of conn.watched) this.forgetIfUnused(name);
    return this.reply("DONE");
  }

  watchTube(key: number, name: string, number: number): Reply {
    this.findOrMake(name, number);
    this.conn(key).watched.add(name);
    return this.reply("DONE");
  }

  ignoreTube(key: number, name: string): Reply {
    this.conn(key).watched.delete(name);
    this.forgetIfUnused(name);
    return this.reply("DONE");
  }

  /** When the first TTR of the connection's jobs is over. */
  soonest(key: number): number {
    return this.heldBy(this.conn(key))[0]?.deadline ?? C.NEVER_MICROS;
  }

  /* Putting. */

  put(tube: string, job: NewJob, body: string, now: number, tags: ModelTags = {}): Reply {
    this.settle(now);
    const met = tags.key && this.#meet(tube, tags.key.name, job.pri ?? 0, now);
    if (met !== undefined) return met;
    const full = this.#fullBy(tube, body);
    if (full !== undefined) return this.reply("FULL", full);
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
      cancelled: false,
      failures: [],
      tags,
      charged: 0,
      held: false,
      heldAt: 0,
    };
    made.tags = this.#withGiven(tube, tags);
    this.jobs.set(id, made);
    if (tags.con !== undefined) this.nameKey(tags.con);
    this.count(tube, "puts");
    if (delaySeconds > 0 || !this.hold(made, now)) this.readyOrDelayed(made, now);
    else this.match(this.tubeOf(tube), now); // the limit of its key may have risen
    return this.reply("DONE");
  }

  /** The tags of a job that is put into a tube: what is set for it counts where none says more. */
  #withGiven(tube: string, tags: ModelTags): ModelTags {
    const { settings } = this.tubeOf(tube);
    const [exp, max] = [settings.get(C.SETTING_EXP), settings.get(C.SETTING_MAX)];
    const ack = ACK_LEVELS[(settings.get(C.SETTING_ACK) ?? 0) - 1];
    return {
      ...(exp !== undefined && { exp }),
      ...(max !== undefined && { max }),
      ...(ack !== undefined && { ack }),
      ...tags,
    };
  }

  /** The setting that keeps a body out of a tube, and what it is set to. */
  #fullBy(name: string, body: string): { kind: number; count: number } | undefined {
    const { settings } = this.tubeOf(name);
    const jobs = [...this.jobs.values()].filter(({ tube }) => tube === name).length;
    const wanted = [
      [C.SETTING_JOBS, jobs + 1],
      [C.SETTING_BYTES, this.bytesOf(name) + body.length],
    ] as const;
    const [over] = wanted.filter(([kind, sum]) => sum > (settings.get(kind) ?? Infinity));
    return over && { kind: over[0], count: settings.get(over[0]) ?? 0 };
  }

  /** What a put is told whose key another job has, or had; undefined when nobody has it. */
  /** Puts that met a job of their key. */
  #met = 0;

  #meet(tube: string, key: string, pri: number, now: number): Reply | undefined {
    const owner = [...this.jobs.values()].find(
      (job) => job.tube === tube && job.tags.key?.name === key,
    );
    const cooldown = this.cooldowns.find((one) => one.tube === tube && one.key === key);
    if (owner === undefined) {
      if (cooldown === undefined) return undefined;
      this.#met++;
      return this.reply("KNOWN", { id: cooldown.id, state: 0, pri: C.NOT_RAISED });
    }
    const state = STATE_NUMBERS[owner.state];
    const isRaised = pri < owner.pri;
    if (isRaised) owner.pri = pri;
    if (isRaised && owner.state === "ready") this.makeReady(owner, now, owner.readySince);
    this.#met++;
    return this.reply("KNOWN", { id: owner.id, state, pri: isRaised ? pri : C.NOT_RAISED });
  }

  /* Reserving. */

  best(key: number, now: number): Reply {
    this.settle(now);
    const job = this.bestFor(this.conn(key));
    return job === undefined
      ? this.reply("NONE")
      : this.reply("RESERVED", { id: job.id, pri: job.pri });
  }

  take(key: number, now: number, max?: { pri: number; id: number }): Reply {
    this.settle(now);
    const job = this.bestFor(this.conn(key));
    if (job === undefined) return this.reply("NONE");
    const hindrance = this.hindrance(this.conn(key));
    if (hindrance !== undefined) return hindrance;
    const worse = max !== undefined && (job.pri - max.pri || job.id - max.id) > 0;
    if (worse) return this.reply("WORSE", { id: job.id, pri: job.pri });
    this.takeNow(job, this.conn(key), now);
    return this.reply("RESERVED", show(job));
  }

  takeOf(key: number, tube: string, now: number): Reply {
    this.settle(now);
    const conn = this.conn(key);
    const [job] = this.isClosed(this.tubeOf(tube)) ? [] : this.takeable(tube);
    if (job === undefined) return this.reply("NONE");
    const hindrance = this.hindrance(conn);
    if (hindrance !== undefined) return hindrance;
    this.takeNow(job, conn, now);
    return this.reply("RESERVED", show(job));
  }

  wait(key: number, generation: number, now: number, soon: number): Reply {
    this.settle(now);
    const conn = this.conn(key);
    const hindrance = this.hindrance(conn);
    if (hindrance !== undefined) return hindrance;
    const job = this.bestFor(conn);
    if (job !== undefined) {
      this.takeNow(job, conn, now);
      return this.reply("RESERVED", show(job));
    }
    const due = this.soonest(key);
    if (due <= soon) return this.reply("SOON", { due });
    this.startWaiting(conn, generation);
    return this.reply("WAITING", { due });
  }

  cancel(key: number, now: number): Reply {
    this.settle(now);
    const conn = this.conn(key);
    this.stopWaiting(conn);
    if (!conn.calling) return this.reply("NONE");
    const hindrance = this.hindrance(conn);
    if (hindrance === undefined) return this.collectFrom(conn, now);
    return { ...hindrance, ...this.caller(conn) };
  }

  /**
   * Collects the grant of the connection `key` of `thread`; which one comes next is not promised, 0
   * = there shall be none.
   */
  collect(thread: number, key: number, now: number): Reply {
    this.settle(now);
    const own = [...this.conns.values()].filter((conn) => conn.thread === thread);
    const callers = own.filter((conn) => conn.calling || conn.noted || conn.isEnded);
    const conn = callers.find((caller) => caller.key === key) ?? callers[0];
    if (conn === undefined) return this.reply("NONE");
    if (!conn.noted && !conn.isEnded) return this.collectFrom(conn, now);
    const isNoted = conn.noted;
    conn.noted = false;
    if (!isNoted) conn.isEnded = false;
    return this.reply(isNoted ? "NOTED" : "ENDED", this.caller(conn));
  }

  handBack(key: number, id: number, delaySeconds: number, now: number): Reply {
    this.settle(now);
    const job = this.heldJob(key, id);
    if (job === undefined) return this.reply("NOT_FOUND");
    const conn = this.conn(key);
    const isNew = conn.collected === job;
    if (isNew) this.countTime(job.tube, "queue", job.reservedAt - job.readySince, -1);
    if (isNew) conn.collected = undefined;
    if (this.endIfCancelled(job)) return this.reply("DONE");
    if (delaySeconds === 0) {
      this.undoReservation(job, isNew ? job.readySince : now, now);
      return this.reply(this.#doneOr(job));
    }
    job.reserves--;
    this.handedOut(this.tubeOf(job.tube), -1, now);
    job.delaySeconds = delaySeconds;
    this.readyOrDelayed(job, now);
    return this.reply(this.#doneOr(job));
  }

  /** Without a delay the state stays. */
  updateJob(id: number, pri: number, delaySeconds: number | undefined, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    if (job === undefined || job.state === "reserved") return this.reply("NOT_FOUND");
    job.pri = pri;
    if (delaySeconds === undefined || job.state === "buried") return this.reply("DONE");
    job.delaySeconds = delaySeconds;
    const mayBeHeld = delaySeconds === 0 && job.state === "delayed";
    if (mayBeHeld && this.hold(job, now)) return this.reply("DONE");
    if (delaySeconds > 0 || job.state === "delayed") this.readyOrDelayed(job, now);
    return this.reply(this.#doneOr(job));
  }

  reserveJob(key: number, id: number, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    if (job === undefined || job.state === "reserved") return this.reply("NOT_FOUND");
    const hindrance = this.hindrance(this.conn(key));
    if (hindrance !== undefined) return hindrance;
    const waits = job.state === "delayed" && this.mustWait(job);
    if (waits || this.isBlocked(job)) return this.reply("NOT_FOUND");
    this.takeNow(job, this.conn(key), now);
    return this.reply("RESERVED", show(job));
  }

  /* What a holder does. */

  deleteJob(key: number, id: number, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    const foreign = job?.state === "reserved" && this.heldJob(key, id) === undefined;
    if (job === undefined || foreign) return this.reply("NOT_FOUND");
    if (job.state === "reserved") {
      this.countTime(job.tube, "process", now - job.reservedAt);
      this.tubeOf(job.tube).samples.processed(now - job.reservedAt);
    }
    this.cool(job, now);
    this.end(job, C.OUTCOME_DELETED);
    return this.reply("DONE");
  }

  /** A job that came to its tube has no key any more if another has it there. */
  #loseKey(job: ModelJob): void {
    const { key, ...others } = job.tags;
    const isKey = (tube: string, name: string | undefined): boolean =>
      tube === job.tube && name === key?.name;
    const isTaken =
      [...this.jobs.values()].some((one) => one !== job && isKey(one.tube, one.tags.key?.name)) ||
      this.cooldowns.some((one) => isKey(one.tube, one.key));
    if (key !== undefined && isTaken) job.tags = others;
  }

  /** Nobody holds it any more: those who wait are served before it comes to its new tube. */
  #leaveTube(job: ModelJob, now: number): void {
    job.state = "moving";
    job.holder = undefined;
    this.match(this.tubeOf(job.tube), now);
  }

  moveJob(key: number, id: number, to: string, now: number, message?: string): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    const isHeld = job?.state === "reserved";
    if (job === undefined || (isHeld && this.heldJob(key, id) === undefined))
      return this.reply("NOT_FOUND");
    if (this.endIfCancelled(job)) return this.reply("DONE");
    const from = job.tube;
    const full = to === from ? undefined : this.#fullBy(to, job.body);
    if (full !== undefined) return this.reply("FULL", full);
    if (isHeld) {
      this.countTime(from, "process", now - job.reservedAt);
      this.count(from, "moves");
    }
    const { who } = this.conn(key);
    if (isHeld || message !== undefined) this.fail(job, C.END_MOVED, now, message, who);
    if (isHeld) this.#leaveTube(job, now);
    this.stay(job);
    job.tube = to;
    this.tellTube(id);
    job.charged = 0;
    if (to !== from) this.#loseKey(job);
    if (isHeld) this.makeReady(job, now);
    else if (job.state === "ready") this.makeReady(job, now, job.readySince);
    else if (job.state === "buried") {
      job.buriedAt = ++this.buriedAt;
      this.tellEnd(job, C.OUTCOME_BURIED); // it may have been one that was to leave
    } else job.heldAt = ++this.heldAt;
    this.forgetIfUnused(from);
    return this.reply(isHeld && job.state === "buried" ? "BURIED" : "DONE");
  }

  /** A dead job that is to leave, and whereto; each in its turn. */
  nextDead(now: number): Reply {
    this.settle(now);
    const [id, ...others] = this.leaving.filter((one) => this.jobs.has(one));
    const job = id === undefined ? undefined : this.jobs.get(id);
    if (id === undefined || job === undefined) return this.reply("NONE");
    const name = this.deadTubeOf(job.tube);
    this.leaving = name === "" ? others : [...others, id];
    if (name === "") this.tellEnd(job, C.OUTCOME_BURIED);
    return name === "" ? this.reply("MORE", { id }) : this.reply("DONE", { id, name });
  }

  moveDead(id: number, to: string, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    if (job === undefined || !this.leaving.includes(id)) return this.reply("NOT_FOUND");
    const from = job.tube;
    this.count(from, "deadLetters");
    job.tube = to;
    this.tellTube(id);
    if (to !== from) this.#loseKey(job);
    this.makeReady(job, now);
    this.forgetIfUnused(from);
    return this.reply("DONE");
  }

  cancelJob(id: number, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    if (job === undefined) return this.reply("NOT_FOUND");
    const wasCancelled = job.cancelled;
    job.cancelled = job.state === "reserved" && !job.granted;
    if (job.cancelled && !wasCancelled && job.holder !== undefined)
      this.note(job.holder, `CANCEL ${id}\r\n`);
    if (job.cancelled) return this.reply("MORE");
    this.end(job, C.OUTCOME_CANCELLED);
    return this.reply("DONE");
  }

  holds(key: number, id: number, now: number): Reply {
    this.settle(now);
    return this.reply(this.heldJob(key, id) === undefined ? "NOT_FOUND" : "DONE");
  }

  release(
    key: number,
    id: number,
    pri: number,
    delaySeconds: number,
    now: number,
    message?: string,
  ): Reply {
    this.settle(now);
    const job = this.heldJob(key, id);
    if (job === undefined) return this.reply("NOT_FOUND");
    this.countTime(job.tube, "process", now - job.reservedAt);
    this.count(job.tube, "releases");
    if (this.endIfCancelled(job)) return this.reply("DONE");
    this.fail(job, C.END_RELEASED, now, message);
    job.releases++;
    job.pri = pri;
    job.delaySeconds = delaySeconds;
    this.readyOrDelayed(job, now);
    return this.reply(this.#doneOr(job));
  }

  /** What a command is answered that would have the job ready or delayed. */
  #doneOr({ state }: ModelJob): "DONE" | "BURIED" {
    return state === "buried" ? "BURIED" : "DONE";
  }

  bury(key: number, id: number, pri: number, now: number, message?: string): Reply {
    this.settle(now);
    const job = this.heldJob(key, id);
    if (job === undefined) return this.reply("NOT_FOUND");
    this.countTime(job.tube, "process", now - job.reservedAt);
    this.count(job.tube, "buries");
    if (this.endIfCancelled(job)) return this.reply("DONE");
    this.fail(job, C.END_BURIED, now, message);
    job.buries++;
    job.pri = pri;
    job.state = "buried";
    job.buriedAt = ++this.buriedAt;
    job.holder = undefined;
    const leaves = this.isExhausted(job) && this.deadTubeOf(job.tube) !== "";
    this.tellEnd(job, leaves ? C.OUTCOME_DEAD : C.OUTCOME_BURIED);
    if (leaves) this.leaving.push(job.id);
    if (this.isExhausted(job)) this.dropLimits(job);
    this.match(this.tubeOf(job.tube), now);
    return this.reply("DONE");
  }

  touch(key: number, id: number, now: number): Reply {
    this.settle(now);
    const job = this.heldJob(key, id);
    if (job === undefined) return this.reply("NOT_FOUND");
    job.deadline = Math.max(job.deadline, now + job.ttrSeconds * SECOND);
    this.conn(key).collected = undefined;
    this.count(job.tube, "touches");
    return this.reply("DONE");
  }

  /* Kicking and pausing. */

  kick(tube: string, bound: number, kind: number, now: number): Reply {
    this.settle(now);
    const first = this.ofKind(tube, C.KIND_BURIED).length > 0 ? C.KIND_BURIED : C.KIND_DELAYED;
    const chosen = kind === C.KIND_ANY ? first : kind;
    const all = this.ofKind(tube, chosen);
    const kicked = all.slice(0, Math.min(bound, STEP));
    const ready = kicked.filter((job) => this.kickOne(job, now)).length;
    const more = kicked.length === STEP && bound > STEP && all.length > STEP;
    return this.reply(more ? "MORE" : "DONE", { count: ready, kind: chosen });
  }

  kickJob(id: number, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    if (job?.state !== "buried" && job?.state !== "delayed") return this.reply("NOT_FOUND");
    this.kickOne(job, now);
    return this.reply("DONE");
  }

  pauseTube(name: string, delaySeconds: number, now: number): Reply {
    this.settle(now);
    const tube = this.tubes.get(name);
    if (tube === undefined) return this.reply("NOT_FOUND");
    tube.pauses++;
    if (delaySeconds === 0) {
      this.unpause(tube, now);
    } else {
      tube.pauseMicros = delaySeconds * SECOND;
      tube.pausedUntil = now + delaySeconds * SECOND;
    }
    return this.reply("DONE");
  }

  setTube(name: string, values: readonly number[], number: number, now: number): Reply {
    this.settle(now);
    if (!this.tubes.has(name) && !values.some((value) => value >= 0)) return this.reply("DONE");
    const tube = this.findOrMake(name, number);
    const { settings } = tube;
    for (const [which, value] of values.entries()) {
      if (value >= 0) settings.set(which, value);
      else if (value === C.NOT_SET) settings.delete(which);
    }
    this.wasSet(tube, now);
    this.forgetIfUnused(name);
    return this.reply("DONE");
  }

  /* Looking. */

  tick(now: number): Reply {
    this.settle(now);
    return this.reply("NONE");
  }

  peek(id: number, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    return job === undefined ? this.reply("NOT_FOUND") : this.reply("DONE", show(job));
  }

  peekTube(tube: string, kind: number, now: number): Reply {
    this.settle(now);
    const job = this.ofKind(tube, kind)[0];
    return job === undefined ? this.reply("NOT_FOUND") : this.reply("DONE", show(job));
  }

  readBody(id: number, position: number): Reply {
    const body = this.jobs.get(id)?.body;
    if (body === undefined) return this.reply("NOT_FOUND");
    return this.reply("DONE", { body: body.slice(position, position + C.OUTPUT_BYTES) });
  }

  statsJob(id: number, now: number): Reply {
    this.settle(now);
    const job = this.jobs.get(id);
    if (job === undefined) return this.reply("NOT_FOUND");
    const timed = job.state === "reserved" || (job.state === "delayed" && !job.held);
    const figures = [
      STATE_NUMBERS[job.state],
      job.pri,
      now - job.createdMicros,
      Math.ceil(job.delaySeconds),
      job.ttrSeconds,
      timed ? job.deadline - now : 0,
      job.reserves,
      job.timeouts,
      job.releases,
      job.buries,
      job.kicks,
      job.failures.length,
      Math.min(job.failures.length, this.keepsFailures),
      0, // no journal, no segment
      Number(job.cancelled),
      job.state === "reserved" ? now - job.reservedAt : 0,
    ];
    const tags = wordsOf(job.tags).trim();
    const charged = job.tags.max === undefined ? 0 : job.charged;
    return this.reply("DONE", { figures, name: job.tube, tags, charged });
  }

  statsTube(name: string, now: number): Reply {
    this.settle(now);
    const tube = this.tubes.get(name);
    if (tube === undefined) return this.reply("NOT_FOUND");
    const left = tube.pausedUntil === undefined ? 0 : tube.pausedUntil - now;
    const watching = this.watchersOf(name);
    const { tally } = tube;
    const figures = [
      ...this.counts((job) => job.tube === name),
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
      this.bytesOf(name),
      tally.puts,
      tally.reserves,
      tally.deletes,
      tally.releases,
      tally.buries,
      tally.kicks,
      tally.touches,
      tally.timeouts,
      this.oldestMicros(name, now),
      [...this.jobs.values()].filter(({ tube: one, held }) => one === name && held).length,
      tally.deadLetters,
      ...Array.from({ length: C.SETTINGS }, (_, which) => tube.settings.get(which) ?? C.NOT_SET),
    ];
    const { figures: samples, last: lastTimes } = tube.samples;
    return this.reply("DONE", { figures, samples, lastTimes });
  }

  /** Memory and contention, which a model cannot know, count 0. */
  statsShard(now: number): Reply {
    this.settle(now);
    const tally = this.tally;
    const figures = [
      ...this.counts(() => true),
      tally.timeouts,
      tally.puts,
      this.tubes.size,
      0, // bytes and contention
      0,
      0,
      0, // no journal, no records
      0,
      tally.failures,
      this.failuresKept(),
      tally.losses,
      tally.reserves,
      tally.deletes,
      tally.releases,
      tally.buries,
      tally.kicks,
      tally.touches,
      0, // jobs that are known to stand aside
      this.#met,
      this.results.length,
      this.results.reduce((sum, { text }) => sum + text.length, 0),
      [...this.jobs.values()].filter(({ held }) => held).length,
      tally.deadLetters,
      0, // no journal that could have a body
      0,
      0,
    ];
    return this.reply("DONE", { figures });
  }

  /** The times of a tube in queue and in process; without a name, of the whole shard. */
  histograms(name: string | undefined): readonly number[] | undefined {
    const tally = name === undefined ? this.tally : this.tubes.get(name)?.tally;
    return tally && [...tally.queue.numbers, ...tally.process.numbers];
  }

  /** The newest of these that has a message. */
  lastMessage(id: number, now: number): Reply & { failure?: EngineFailure } {
    this.settle(now);
    if (!this.jobs.has(id)) return this.reply("NOT_FOUND");
    const failure = this.failuresOf(id).findLast(({ message }) => message !== undefined);
    return failure === undefined ? this.reply("NONE") : { ...this.reply("DONE"), failure };
  }

  listTubes(): ListedTube[] {
    return [...this.tubes.values()].map(({ name, number }) => ({ name, number }));
  }

  /**
   * The lowest ids, above `after`, of the tube's jobs in that state; undefined when there is no
   * such tube.
   */
  listJobs(order: ListOrder, now: number): number[] | undefined {
    this.settle(now);
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
    this.settle(now);
    const [job] = [...this.jobs.values()]
      .filter(({ tube: name, state }) => name === tube && state === "reserved")
      .toSorted((a, b) => a.id - b.id);
    return job === undefined ? this.reply("NOT_FOUND") : this.reply("DONE", show(job));
  }

  flushTube(name: string, last: number, now: number): Reply {
    this.settle(now);
    if (!this.tubes.has(name)) return this.reply("NOT_FOUND", { count: 0 });
    // A buried job behind one that is too new was buried after the flush began.
    const buried = this.ofKind(name, C.KIND_BURIED);
    const late = buried.findIndex(({ id }) => id > last);
    const flushed = [...this.jobs.values()].filter(
      (job) =>
        job.tube === name && job.id <= last && (late < 0 || !buried.slice(late).includes(job)),
    );
    for (const job of flushed.toSorted(byDeadline))
      if (job.state === "reserved") this.leaseEnds(job);
    for (const job of flushed) {
      this.tellEnd(job, C.OUTCOME_DELETED);
      this.jobs.delete(job.id);
      this.count(name, "deletes");
    }
    this.openGroups(now);
    this.match(this.tubeOf(name), now);
    const ofTube = this.cooldowns.filter((one) => one.tube === name);
    const young = ofTube.findIndex(({ id }) => id > last);
    const ended = young < 0 ? ofTube : ofTube.slice(0, young);
    this.cooldowns = this.cooldowns.filter((one) => !ended.includes(one));
    this.forgetIfUnused(name);
    return this.reply("DONE", { count: flushed.length });
  }
}
