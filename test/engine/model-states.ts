/* The states of the model: what happens to jobs, at whoever's command and when time passes, and who
 * gets them. Used by model.ts, which has the commands.
 */
import * as C from "../../assembly/constants.ts";
import type { Answer, Reply } from "./answers.ts";
import { SECOND, show } from "./model-parts.ts";
import type { ModelConn, ModelCooldown, ModelEnd, ModelJob, ModelTube } from "./model-parts.ts";
import { ModelStock } from "./model-stock.ts";

/** What happens in a shard. */
export class ModelStates extends ModelStock {
  protected buriedAt = 0;
  protected heldAt = 0;
  protected readonly wakes = new Set<number>();
  /** The time of the command that runs. */
  protected clock = 0;

  /** When something happens by itself next. */
  nextEventMicros(): number {
    return this.nextEvent()?.at ?? C.NEVER_MICROS;
  }

  protected nextEvent(): { at: number; happen: (now: number) => void } | undefined {
    const events = [...this.jobs.values()]
      .filter(({ state, held }) => (state === "delayed" && !held) || state === "reserved")
      .map((job) => ({
        at: job.deadline,
        id: job.id,
        happen: (now: number): void => this.due(job, now),
      }));
    const pauses = [...this.tubes.values()].flatMap((tube) =>
      tube.pausedUntil === undefined
        ? []
        : [
            {
              at: tube.pausedUntil,
              id: 0,
              happen: (now: number): void => this.unpause(tube, now),
            },
          ],
    );
    const openings = [...this.tubes.values()].flatMap((tube) =>
      tube.opensAt === undefined
        ? []
        : [{ at: tube.opensAt, id: 0, happen: (now: number): void => this.goOn(tube, now) }],
    );
    const cooldowns = this.cooldowns.map((one) => ({
      at: one.until,
      id: one.id,
      happen: (): void => this.endCooldown(one),
    }));
    const lives = [...this.jobs.values()].flatMap((job) =>
      job.tags.exp !== undefined && (job.state === "ready" || job.state === "delayed")
        ? [
            {
              at: job.createdMicros + job.tags.exp * SECOND,
              id: job.id,
              happen: (now: number): void => this.die(job, now),
            },
          ]
        : [],
    );
    const results = this.results.map((one) => ({
      at: one.until,
      id: one.id,
      happen: (): void => void (this.results = this.results.filter((other) => other !== one)),
    }));
    const all = [...events, ...pauses, ...openings, ...cooldowns, ...lives, ...results];
    return all.toSorted((a, b) => a.at - b.at || a.id - b.id)[0];
  }

  protected settle(now: number): void {
    this.clock = now;
    for (let event = this.nextEvent(); event && event.at <= now; event = this.nextEvent()) {
      event.happen(now);
    }
  }

  protected endCooldown(over: ModelCooldown): void {
    this.cooldowns = this.cooldowns.filter((one) => one !== over);
    this.forgetIfUnused(over.tube);
  }

  protected due(job: ModelJob, now: number): void {
    if (job.state === "reserved") {
      this.count(job.tube, "timeouts");
      this.leaseEnds(job);
      if (this.endIfCancelled(job)) return;
      job.timeouts++;
      this.fail(job, C.END_TIMED_OUT, now);
      this.makeReady(job, now);
    } else if (!this.hold(job, now)) this.makeReady(job, now);
  }

  /** The job waits for its group, if it has to: whether it does. */
  protected hold(job: ModelJob, now: number): boolean {
    if (!this.mustWait(job) || this.isExhausted(job) || this.isExpired(job, now)) return false;
    job.state = "delayed";
    job.holder = undefined;
    job.held = true;
    job.heldAt = ++this.heldAt;
    job.deadline = now;
    return true;
  }

  /** Those whose groups are complete are ready, and only then is any handed out. */
  protected openGroups(now: number): void {
    const waiting = [...this.jobs.values()].filter(({ held }) => held);
    const free = waiting.filter((job) => !this.mustWait(job));
    for (const job of free.toSorted((a, b) => a.heldAt - b.heldAt)) {
      if (this.isExhausted(job) || this.isExpired(job, now)) {
        this.die(job, now);
        continue;
      }
      job.held = false;
      job.readySince = now;
      job.state = "ready";
    }
  }

  /** The cooldown of the job's key begins, if it has one. */
  protected cool({ id, tube, tags }: ModelJob, now: number): void {
    if (tags.key === undefined || tags.key.ttlSeconds === 0) return;
    const until = now + tags.key.ttlSeconds * SECOND;
    this.cooldowns.push({ tube, key: tags.key.name, id, until });
  }

  /** The newest failure message that is kept. */
  protected newestMessage({ failures }: ModelJob): string {
    const kept = failures.slice(-this.keepsFailures);
    return kept.findLast(({ message }) => message !== undefined)?.message ?? "";
  }

  /** All who await the job hear how it ended. */
  protected tellEnd(job: ModelJob, end: number, text = this.newestMessage(job)): void {
    for (const conn of this.conns.values()) {
      for (const id of conn.awaits) if (id === job.id) this.owe(conn, { id, end, text });
      if (conn.awaits.includes(job.id)) this.wakes.add(conn.thread);
      conn.awaits = conn.awaits.filter((id) => id !== job.id);
      conn.watching = conn.watching.filter((id) => id !== job.id);
    }
  }

  /** Those who want to know it hear that the job is in another tube. */
  protected tellTube(id: number): void {
    for (const conn of this.conns.values()) {
      if (!conn.watching.includes(id)) continue;
      conn.isEnded = true;
      this.wakes.add(conn.thread);
    }
  }

  protected owe(conn: ModelConn, end: ModelEnd): void {
    conn.ends.push(end);
    conn.isEnded = true;
  }

  /** Ends a job for good. */
  protected end(job: ModelJob, outcome: number): void {
    this.tellEnd(job, outcome);
    this.count(job.tube, "deletes");
    this.jobs.delete(job.id);
    this.openGroups(this.clock);
    this.match(this.tubeOf(job.tube), this.clock);
    this.forgetIfUnused(job.tube);
  }

  /** An attempt is over: whether the job was cancelled, and so is gone. */
  protected endIfCancelled(job: ModelJob): boolean {
    if (job.cancelled) this.end(job, C.OUTCOME_CANCELLED);
    return job.cancelled;
  }

  /** The job's holder hears of it, unless it never heard that it has the job. */
  protected leaseEnds({ id, holder, granted }: ModelJob): void {
    if (holder !== undefined && !granted) this.note(holder, `LOST ${id}\r\n`);
  }

  protected note(conn: ModelConn, line: string): void {
    if (conn.notes === undefined) return;
    conn.notes.push(line);
    conn.noted = true;
    this.wakes.add(conn.thread);
  }

  protected unpause(tube: ModelTube, now: number): void {
    tube.pausedUntil = undefined;
    tube.pauseMicros = 0;
    this.match(tube, now);
  }

  /** The rate of a tube lets it hand out jobs again. */
  protected goOn(tube: ModelTube, now: number): void {
    tube.opensAt = undefined;
    this.match(tube, now);
  }

  /** Microseconds between two jobs of a tube, and how many it hands out at once. */
  #paceOf({ settings }: ModelTube): { interval: number; burst: number } | undefined {
    const rate = settings.get(C.SETTING_RATE);
    if (rate === undefined) return undefined;
    const unit = [1, 60, 3600][rate % C.RATE_UNITS] ?? 1;
    const interval = (unit * SECOND) / Math.floor(rate / C.RATE_UNITS);
    const perSecond = Math.max(1, Math.floor(SECOND / interval));
    return { interval, burst: settings.get(C.SETTING_BURST) ?? perSecond };
  }

  /** `jobs` more of a tube have been handed out, or, below 0, have not been after all. */
  protected handedOut(tube: ModelTube, jobs: number, now: number): void {
    const pace = this.#paceOf(tube);
    if (pace === undefined) return;
    tube.full = (jobs > 0 ? Math.max(tube.full, now) : tube.full) + jobs * pace.interval;
    this.#judge(tube, now);
  }

  /** Something else is set for a tube. */
  protected wasSet(tube: ModelTube, now: number): void {
    const pace = this.#paceOf(tube);
    tube.full = Math.min(tube.full, pace === undefined ? 0 : now + pace.burst * pace.interval);
    this.#judge(tube, now);
    this.match(tube, now);
  }

  #judge(tube: ModelTube, now: number): void {
    const pace = this.#paceOf(tube);
    const opens = pace === undefined ? now : tube.full - (pace.burst - 1) * pace.interval;
    tube.opensAt = opens > now ? Math.ceil(opens) : undefined;
  }

  protected readyOrDelayed(job: ModelJob, now: number): void {
    if (job.delaySeconds === 0) {
      this.makeReady(job, now);
      return;
    }
    if (this.isExhausted(job) || this.isExpired(job, now)) {
      this.die(job, now);
      return;
    }
    job.held = false;
    job.state = "delayed";
    job.holder = undefined;
    job.deadline = now + Math.round(job.delaySeconds * SECOND);
    this.match(this.tubeOf(job.tube), now);
  }

  protected isExhausted({ tags, charged }: ModelJob): boolean {
    return tags.max !== undefined && charged >= tags.max;
  }

  protected isExpired({ tags, createdMicros }: ModelJob, now: number): boolean {
    return tags.exp !== undefined && createdMicros + tags.exp * SECOND <= now;
  }

  /** It is buried, and has no limits any more; its newest failure says why. */
  protected die(job: ModelJob, now: number): void {
    const end = this.isExhausted(job) ? C.END_EXHAUSTED : C.END_EXPIRED;
    const last = job.failures.at(-1)?.end;
    if (last !== C.END_EXHAUSTED && last !== C.END_EXPIRED) {
      const number = job.failures.length + 1;
      job.failures.push({ number, attempt: job.reserves, atMicros: now, end, who: "" });
    }
    this.tellEnd(job, this.isExhausted(job) ? C.OUTCOME_DEAD : C.OUTCOME_EXPIRED);
    this.dropLimits(job);
    job.held = false;
    if (this.deadTubeOf(job.tube) !== "") this.leaving.push(job.id);
    job.state = "buried";
    job.buriedAt = ++this.buriedAt;
    job.holder = undefined;
    job.granted = false;
    this.match(this.tubeOf(job.tube), now);
  }

  /** It is not to leave any more. */
  protected stay({ id }: ModelJob): void {
    this.leaving = this.leaving.filter((one) => one !== id);
  }

  protected dropLimits(job: ModelJob): void {
    const { exp: _, max: __, ...others } = job.tags;
    job.tags = others;
  }

  protected makeReady(job: ModelJob, now: number, since = now): void {
    if (this.isExhausted(job) || this.isExpired(job, now)) {
      this.die(job, now);
      return;
    }
    job.held = false;
    this.stay(job);
    job.readySince = since;
    job.state = "ready";
    job.holder = undefined;
    job.granted = false;
    this.match(this.tubeOf(job.tube), now);
  }

  /** Reserves a job for whoever asks for one now. */
  protected takeNow(job: ModelJob, conn: ModelConn, now: number): void {
    conn.collected = undefined;
    if (job.state === "ready") this.countTime(job.tube, "queue", now - job.readySince);
    else this.count(job.tube, "otherReserves");
    this.tubeOf(job.tube).samples.queued(now - job.createdMicros);
    this.reserve(job, conn, now);
  }

  protected reserve(job: ModelJob, conn: ModelConn, now: number): void {
    this.stay(job);
    job.state = "reserved";
    job.holder = conn;
    job.reserves++;
    job.reservedAt = now;
    job.deadline = now + job.ttrSeconds * SECOND;
    this.handedOut(this.tubeOf(job.tube), 1, now);
  }

  /** The attempt of the job's holder has failed. */
  protected fail(
    job: ModelJob,
    end: number,
    now: number,
    message?: string,
    who = job.holder?.who ?? "",
  ): void {
    const isMoved = end === C.END_MOVED;
    if (job.tags.max !== undefined && !isMoved) job.charged++;
    const isLate = end !== C.END_BURIED && !isMoved && this.isExpired(job, now);
    const told = this.isExhausted(job) ? C.END_EXHAUSTED : isLate ? C.END_EXPIRED : end;
    job.failures.push({
      number: job.failures.length + 1,
      attempt: job.reserves,
      atMicros: now,
      end: told,
      who,
      ...(message !== undefined && { message }),
    });
  }

  /** The job is ready again as if it had been so since `since`. */
  protected undoReservation(job: ModelJob, since: number, now: number): void {
    job.reserves--;
    this.handedOut(this.tubeOf(job.tube), -1, now);
    this.makeReady(job, now, since);
  }

  /** Whether it is ready now, and not dead. */
  protected kickOne(job: ModelJob, now: number): boolean {
    job.kicks++;
    this.count(job.tube, "kicks");
    job.charged = 0;
    const { tags } = job;
    this.makeReady(job, now);
    return job.tags === tags;
  }

  /** Gives ready jobs of `tube`, and of others whose keys are free again, to those who wait. */
  protected match(tube: ModelTube, now: number): void {
    this.forgetKeys();
    this.#serve(tube, now);
    const others = [...this.tubes.values()].toSorted((a, b) => a.number - b.number);
    for (const other of others) this.#serve(other, now);
  }

  #serve(tube: ModelTube, now: number): void {
    while (!this.isClosed(tube)) {
      const [job] = this.takeable(tube.name);
      const [conn] = tube.waiters;
      if (job === undefined || conn === undefined) return;
      this.stopWaiting(conn);
      conn.collected = undefined;
      this.reserve(job, conn, now);
      job.granted = true;
      conn.calling = true;
      this.wakes.add(conn.thread);
    }
  }

  protected startWaiting(conn: ModelConn, generation: number): void {
    conn.waiting = true;
    conn.generation = generation;
    for (const name of conn.watched) this.tubeOf(name).waiters.push(conn);
  }

  protected stopWaiting(conn: ModelConn): void {
    conn.waiting = false;
    for (const tube of this.tubes.values()) {
      tube.waiters = tube.waiters.filter((waiter) => waiter !== conn);
    }
  }

  /** What keeps `conn` from being given a job. */
  protected hindrance(conn: ModelConn): Reply | undefined {
    return (conn.notes ?? []).length > 0 ? this.reply("NOTED") : undefined;
  }

  /** All that `conn` is to be told, as text. */
  protected tell(conn: ModelConn): string {
    const text = (conn.notes ?? []).join("");
    if (conn.notes !== undefined) conn.notes = [];
    conn.noted = false;
    return text;
  }

  protected collectFrom(conn: ModelConn, now: number): Reply {
    const job = this.grantOf(conn);
    conn.calling = false;
    if (job === undefined) return this.reply("LOST", this.caller(conn));
    job.granted = false;
    job.deadline = now + job.ttrSeconds * SECOND;
    job.reservedAt = now;
    conn.collected = job;
    this.countTime(job.tube, "queue", now - job.readySince);
    this.tubeOf(job.tube).samples.queued(now - job.createdMicros);
    return this.reply("RESERVED", { ...show(job), ...this.caller(conn) });
  }

  protected caller({
    key,
    token,
    generation,
  }: ModelConn): Pick<Reply, "conn" | "token" | "generation"> {
    return { conn: key, token, generation };
  }

  protected reply(answer: Answer, facts: Omit<Reply, "answer" | "wakes"> = {}): Reply {
    const wakes = [...this.wakes].toSorted((a, b) => a - b);
    this.wakes.clear();
    return { answer, wakes, ...facts };
  }
}
