/* Worker: takes jobs of a queue and runs them in its slots.
 *
 *   new -> running <-> suspended -> stopping -> stopped
 *
 * Invariants: a job that comes is run, or goes back; what has not begun goes back with no attempt
 * counted. It holds at most as many jobs as it has slots, and `prefetch` more. A slot is free as
 * soon as its handler has ended: what the back end says to the end of a job is not waited for by
 * the next one. Its leases are renewed until then. All that waits goes by its clock.
 */
import { Deadlines } from "../client/deadlines.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import { anyJobName } from "./any-job.ts";
import type { Arrival } from "./arrival.ts";
import { Attempt } from "./attempt.ts";
import type { AttemptOwner } from "./attempt.ts";
import { Autoscaler } from "./autoscaler.ts";
import type { Consumer, ConsumeOptions, HeldJob, WorkerPlace } from "./backend.ts";
import type { Surroundings } from "./context.ts";
import { Deferrals } from "./deferrals.ts";
import { Drains } from "./drains.ts";
import { millisOf } from "./duration.ts";
import type { Abortable } from "./enqueue-options.ts";
import { decodeEnvelope } from "./envelope.ts";
import { JobEnds } from "./job-end.ts";
import type { Fate } from "./job-end.ts";
import type { Handler } from "./job-definition.ts";
import type { JobQueue } from "./job-queue.ts";
import { roomOpener } from "./isolated.ts";
import type { StartChild } from "./isolation.ts";
import { Lease } from "./lease.ts";
import type { Outcome } from "./outcome.ts";
import { SCHEDULES_TUBE } from "./schedule-body.ts";
import { ScheduleKeeper } from "./schedule-keeper.ts";
import { keepsSchedules } from "./schedules.ts";
import { SilentLook } from "./silent-ends.ts";
import { Slots } from "./slots.ts";
import type { Slot, SlotsOwner } from "./slots.ts";
import { EventStream } from "./event-stream.ts";
import type { WorkerEvent } from "./event-stream.ts";
import { Telemetries } from "./telemetry.ts";
import { Stamps } from "./vouching.ts";
import type { StartVoucher } from "./vouching.ts";
import { Listeners } from "./worker-events.ts";
import type { WorkerEvents } from "./worker-events.ts";
import { consumeWithin } from "./worker-limits.ts";
import { workerSettings } from "./worker-options.ts";
import type { StopReport, WorkerStatus } from "./worker-status.ts";
import type { StopOptions, WorkerOptions, WorkerSettings } from "./worker-options.ts";

/** Runs jobs. */
export interface Worker extends AsyncDisposable {
  readonly name: string;
  /** Resolves when it has stopped; rejects when it cannot go on. The signal has it stop. */
  run(options?: Abortable): Promise<void>;
  /**
   * Takes no more jobs, gives back what has not begun, waits for what runs, tells it to stop when
   * `grace` is over, and closes. Called once more with a shorter `grace` it hurries.
   */
  stop(options?: StopOptions): Promise<StopReport>;
  /** Takes no jobs until `resume`; what has not begun goes back. May be called before `run`. */
  suspend(): void;
  resume(): void;
  /** Listens, until what it returns is disposed of. */
  on<Name extends keyof WorkerEvents>(
    event: Name,
    hear: (event: WorkerEvents[Name]) => void,
  ): Disposable;
  /** The same, to be read: from now on, until it has stopped or the reader leaves. */
  events<Name extends keyof WorkerEvents>(
    ...names: readonly [Name, ...Name[]]
  ): AsyncIterableIterator<WorkerEvent<Name>, undefined>;
  status(): WorkerStatus;
}

/** Makes a worker, which does nothing before `run`. Throws a BadOptionError. */
export function createWorker<State = undefined>(
  queue: JobQueue,
  options: WorkerOptions<State>,
): Worker {
  return createWorkerOn({}, queue, options);
}

/** What workers are given by the runtime. */
export interface WorkerRuntime {
  /** Starts a thread or a process for handlers; absent where there is no such thing. */
  readonly startChild?: StartChild;
  /** Starts what keeps jobs while the event loop is held up; absent where there are no threads. */
  readonly startVoucher?: StartVoucher;
  /** Where the process runs; absent where that cannot be told. */
  readonly place?: WorkerPlace;
}

/** The same on a runtime; for src/entries/. Throws an UnsupportedError as well. */
export function createWorkerOn<State>(
  runtime: WorkerRuntime,
  queue: JobQueue,
  options: WorkerOptions<State>,
): Worker {
  const worker = new QueueWorker(runtime, queue, workerSettings(options, queue));
  worker.announce();
  return worker;
}

class QueueWorker<State> implements Worker {
  readonly #queue: JobQueue;
  readonly #settings: WorkerSettings<State>;
  readonly #place: WorkerPlace | undefined;
  readonly #listeners: Listeners;
  readonly #deadlines: Deadlines;
  readonly #deferrals = new Deferrals();
  readonly #ends: JobEnds;
  readonly #silent: SilentLook;
  readonly #drains: Drains;
  /** Undefined if it keeps no schedules. */
  readonly #keeper: ScheduleKeeper | undefined;
  readonly #slots: Slots<State>;
  readonly #scaler: Autoscaler;
  readonly #around: Surroundings;
  /** Jobs that wait for a slot. */
  readonly #waiting: Arrival<State>[] = [];
  /** Jobs that were tried before, and whose past is looked at before they run. */
  readonly #lookedAt = new Set<Arrival<State>>();
  readonly #attempts = new Set<Attempt<State>>();
  readonly #telling: Telemetries | undefined;
  /** Those that are read. */
  readonly #streams = new Set<EventStream<keyof WorkerEvents>>();
  /** Jobs whose end is not known yet. */
  #open = 0;
  #noneOpen: () => void = () => undefined;
  readonly #owner: AttemptOwner<State> = {
    settled: (attempt, outcome) => void this.#settled(attempt, outcome),
    over: ({ slot, isSpent }) => (isSpent ? this.#slots.renew(slot, 0) : this.#slots.free(slot)),
  };
  /** Keeps its jobs while a handler holds up the event loop. */
  readonly #stamps: Stamps | undefined;
  #consumer: Consumer | undefined;
  #isSuspended = false;
  #isStopping = false;
  #isStopped = false;
  #running: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  readonly #hurries: (() => void)[] = [];
  #report = { finished: 0, handedBack: 0, abandoned: 0 };

  constructor(
    { startChild, startVoucher, place }: WorkerRuntime,
    queue: JobQueue,
    settings: WorkerSettings<State>,
  ) {
    const { logger, now, clock } = settings;
    const troubled = (error: unknown): void => logger.error({ err: error }, "a worker's trouble");
    this.#queue = queue;
    this.#settings = settings;
    this.#place = place;
    this.#listeners = new Listeners(troubled);
    this.#deadlines = new Deadlines(clock);
    const listeners = this.#listeners;
    this.#ends = new JobEnds({ deferrals: this.#deferrals, listeners, logger, now });
    this.#silent = new SilentLook(queue.backend, this.#ends, now);
    this.#drains = new Drains({
      clock,
      isHeard: () => listeners.hears("drained"),
      hasJobs: (tube) => this.#hasJobs(tube),
      available: async (tube) => (await queue.stats(tube)).available,
      drained: (tube) => listeners.tell("drained", { tube }),
      troubled,
    });
    this.#telling = Telemetries.of(queue.telemetry, troubled);
    if (settings.schedules && keepsSchedules(queue.backend)) {
      this.#keeper = new ScheduleKeeper({ backend: queue.backend, now, troubled });
    }
    this.#around = {
      can: queue.can,
      telling: this.#telling,
      deadlines: this.#deadlines,
      logger,
      now,
      noted: (event, value) => listeners.tell("progress", { ...event, value }),
      troubled,
    };
    const openRoom = roomOpener(settings, {
      start: startChild,
      can: queue.can,
      died: (room, error) => {
        logger.error({ err: error }, "a thread or process of handlers died");
        this.#slots.lost(room); // the next one is not hurried
      },
    });
    const slotsOwner: SlotsOwner = {
      changed: () => this.#update(),
      initFailed: (slot, error) => {
        logger.error({ err: error, slot }, "init failed");
        listeners.tell("initFailed", { slot, error });
      },
      disposeFailed: troubled,
    };
    this.#slots = new Slots(settings, slotsOwner, openRoom);
    this.#scaler = this.#newScaler();
    this.#stamps = this.#newStamps(startVoucher);
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Tells telemetry that it is there. */
  announce(): void {
    this.#telling?.worker(this);
  }

  run({ signal }: Abortable = {}): Promise<void> {
    this.#running ??= this.#run(signal);
    return this.#running;
  }

  stop({ grace }: StopOptions = {}): Promise<StopReport> {
    const graceMillis = grace === undefined ? this.#settings.graceMillis : millisOf("grace", grace);
    const isFirst = !this.#isStopping;
    this.#isStopping = true;
    this.#stopping ??= this.#stop();
    if (isFirst || grace !== undefined) this.#abortAllAfter(graceMillis);
    return this.#stopping;
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#giveUpWaiting("the worker is suspended");
    this.#update();
  }

  resume(): void {
    this.#isSuspended = false;
    this.#update();
  }

  on<Name extends keyof WorkerEvents>(
    event: Name,
    hear: (event: WorkerEvents[Name]) => void,
  ): Disposable {
    return this.#listeners.on(event, hear);
  }

  events<Name extends keyof WorkerEvents>(
    ...names: readonly [Name, ...Name[]]
  ): AsyncIterableIterator<WorkerEvent<Name>, undefined> {
    const stream = new EventStream<Name>(this.#listeners, names, () => {
      this.#streams.delete(stream);
    });
    this.#streams.add(stream);
    if (this.#isStopped) stream.end();
    return stream;
  }

  status(): WorkerStatus {
    const busy = [...this.#attempts].map(({ arrival, progress }) => {
      const { id, type } = arrival.event;
      return { id, type, ...(progress !== undefined && { progress }) };
    });
    const { capacity: slots, initialising } = this.#slots;
    const { tubes } = this.#settings;
    const standing = this.#standing;
    return { standing, slots, initialising, isSuspended: this.#isSuspended, tubes, busy };
  }

  get #standing(): WorkerStatus["standing"] {
    if (this.#isStopped) return "stopped";
    if (this.#isStopping) return "stopping";
    return this.#running === undefined ? "new" : "running";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #newStamps(start: StartVoucher | undefined): Stamps | undefined {
    const { maxBlockMillis, clock, handlers } = this.#settings;
    if (start === undefined || maxBlockMillis === 0 || clock !== SYSTEM_CLOCK) return undefined;
    const leases = [...handlers.values()].map(({ job }) => job.settings.leaseMillis);
    const allowedMillis = (): number =>
      Math.min(maxBlockMillis, ...[...this.#attempts].map(({ leftMillis }) => leftMillis));
    return new Stamps({ start, clock, leaseMillis: Math.min(...leases), allowedMillis });
  }

  #newScaler(): Autoscaler {
    const { clock, slotsMin: min, slotsMax: max, maxLagMillis } = this.#settings;
    const [attempts, slots] = [this.#attempts, this.#slots];
    return new Autoscaler(
      clock,
      { min, max, maxLagMillis },
      {
        get busy() {
          return attempts.size;
        },
        resize: (count) => slots.resize(count),
      },
    );
  }

  async #run(signal: AbortSignal | undefined): Promise<void> {
    if (this.#isStopping) return void (await this.#stopping);
    const stop = (): void => void this.stop();
    if (signal?.aborted === true) return stop();
    signal?.addEventListener("abort", stop);
    try {
      this.#scaler.start();
      const { tubes } = this.#settings;
      const watched = this.#keeper === undefined ? tubes : [...tubes, SCHEDULES_TUBE];
      const options: ConsumeOptions = {
        window: this.#window,
        take: (held) => this.#take(held),
        troubled: (error) => this.#troubled(error),
        called: { name: this.name, place: this.#place },
        ...(this.#settings.maxBlockMillis > 0 && {
          session: (ticket) => this.#stamps?.ticket(ticket),
        }),
      };
      this.#consumer = consumeWithin(this.#queue.backend, watched, options, this.#settings);
      await this.#consumer.closed;
    } finally {
      signal?.removeEventListener("abort", stop);
      if (!this.#isStopping) await this.stop({ grace: 0 });
    }
    await this.#stopping;
  }

  get #window(): number {
    const { capacity } = this.#slots;
    if (this.#isStopping || this.#isSuspended || capacity === 0) return 0;
    return capacity + this.#settings.prefetch;
  }

  /** How many slots there are, or which are free, has changed. */
  #update(): void {
    this.#consumer?.window(this.#window);
    this.#dispatch();
  }

  #take(held: HeldJob): void {
    if (held.tube === SCHEDULES_TUBE && this.#keeper !== undefined) {
      return void this.#track(this.#keeper.keep(held)); // in no slot: it takes no time
    }
    const envelope = decodeEnvelope(held.body);
    const { type = "" } = envelope;
    const handler = this.#handlerOf(type, held.tube);
    if (this.#isStopping || this.#isSuspended) {
      return this.#giveBack(held, type, "the worker takes no jobs");
    }
    if (handler === undefined) {
      return void this.#track(this.#ends.deferUnknown(held, type));
    }
    const { leaseMillis } = handler.job.settings;
    const { troubled } = this.#around;
    const { id, attempt, tube } = held;
    const lease = new Lease(held, leaseMillis, this.#deadlines, troubled);
    const event = { id, type, attempt, tube };
    this.#waiting.push({ held, envelope, handler, event, lease });
    this.#dispatch();
  }

  #hasJobs(tube: string): boolean {
    const running = [...this.#attempts].map(({ arrival }) => arrival);
    const here = [...this.#waiting, ...this.#lookedAt, ...running];
    return here.some(({ event }) => event.tube === tube);
  }

  /** That of its type; in a tube where others are at home, the one for all of those goes before. */
  #handlerOf(type: string, tube: string): Handler<State> | undefined {
    const { handlers } = this.#settings;
    const own = handlers.get(type);
    return own?.job.tube === tube ? own : (handlers.get(anyJobName(tube)) ?? own);
  }

  #dispatch(): void {
    if (this.#isStopping) return;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const slot = this.#slotFor(next);
      if (slot === "wait") return;
      this.#waiting.shift();
      if (slot === "back") this.#putOff(next);
      else this.#begin(slot, next);
    }
  }

  /**
   * A dispatcher that throws has the job wait until a slot is free the next time. Where none is
   * busy, no slot would ever be: the job goes back.
   */
  #slotFor({ event }: Arrival<State>): Slot<State> | "wait" | "back" {
    try {
      return this.#slots.pick(event) ?? "wait";
    } catch (error) {
      this.#around.troubled(error);
      return this.#slots.isBusy ? "wait" : "back";
    }
  }

  #putOff({ held, event, lease }: Arrival<State>): void {
    lease.end();
    void this.#track(this.#ends.defer(held, event.type, "the dispatcher threw"));
  }

  #begin(slot: Slot<State>, arrival: Arrival<State>): void {
    if (arrival.event.attempt === 1) return this.#start(slot, arrival);
    void this.#track(this.#startAfterLook(slot, arrival));
  }

  /** Runs a job that was tried before, unless the attempts at it ended without a word. */
  async #startAfterLook(slot: Slot<State>, arrival: Arrival<State>): Promise<Fate | "begun"> {
    let fate: Fate | undefined;
    this.#lookedAt.add(arrival);
    try {
      fate = await this.#silent.fateOf(arrival);
    } catch (error) {
      this.#around.troubled(error); // nothing is known of its attempts; it is run
    }
    this.#lookedAt.delete(arrival);
    if (fate === undefined && !this.#isStopping) {
      this.#start(slot, arrival);
      return "begun";
    }
    arrival.lease.end();
    this.#slots.free(slot);
    this.#drains.ended(arrival.event.tube);
    return fate ?? this.#ends.handBack(arrival.held, arrival.event.type, "the worker stops", 0);
  }

  #start(slot: Slot<State>, arrival: Arrival<State>): void {
    this.#open += 1;
    const attempt = new Attempt(arrival, slot, this.#around, this.#settings, this.#owner);
    this.#attempts.add(attempt);
    if (attempt.leftMillis < Infinity) this.#stamps?.changed(); // the handler may begin at once
    this.#listeners.tell("start", arrival.event); // who listens may stop the worker
  }

  async #settled(attempt: Attempt<State>, outcome: Outcome): Promise<void> {
    if (outcome.end === "ignored") this.#slots.stuck(attempt.slot);
    let fate: Fate = "lost";
    try {
      fate = await this.#ends.end(attempt, outcome);
    } finally {
      attempt.ended(fate, outcome);
      attempt.arrival.lease.end();
      this.#attempts.delete(attempt);
      this.#drains.ended(attempt.arrival.event.tube);
      this.#ended(fate, attempt);
    }
  }

  /** Waits for what becomes of a job that is not run, or not yet. */
  async #track(fate: Promise<Fate | "begun">): Promise<void> {
    this.#open += 1;
    let what: Fate | "begun" = "lost";
    try {
      what = await fate;
    } finally {
      this.#ended(what);
    }
  }

  /** What became of a job is known; `attempt` is the one at it, if there was one. */
  #ended(fate: Fate | "begun", attempt?: Attempt<State>): void {
    if (this.#isStopping) {
      if (attempt?.isIgnored === true) this.#report.abandoned += 1;
      else if (fate === "handed-back") this.#report.handedBack += 1;
      else if (fate !== "lost" && attempt !== undefined) this.#report.finished += 1;
    }
    this.#open -= 1;
    if (this.#open === 0) this.#noneOpen();
  }

  #giveBack(held: HeldJob, type: string, why: string): void {
    void this.#track(this.#ends.handBack(held, type, why, 0));
  }

  #giveUpWaiting(why: string): void {
    for (const { held, event, lease } of this.#waiting.splice(0)) {
      lease.end();
      this.#giveBack(held, event.type, why);
    }
  }

  async #stop(): Promise<StopReport> {
    this.#scaler.stop();
    this.#drains.stop();
    await this.#consumer?.stop();
    this.#giveUpWaiting("the worker stops"); // not before: they would come again at once
    while (this.#open > 0) await new Promise<void>((resolve) => (this.#noneOpen = resolve));
    for (const cancel of this.#hurries) cancel();
    await Promise.all([this.#slots.close(), this.#stamps?.stop()]);
    await this.#consumer?.close();
    this.#deadlines.stop();
    this.#isStopped = true;
    this.#listeners.tell("stopped", this.#report);
    for (const stream of this.#streams) stream.end();
    return this.#report;
  }

  #abortAllAfter(millis: number): void {
    if (millis === 0) this.#abortAll();
    else this.#hurries.push(this.#settings.clock.after(millis, () => this.#abortAll()));
  }

  #abortAll(): void {
    for (const attempt of this.#attempts) attempt.abort("shutting-down");
  }

  #troubled(error: unknown): void {
    this.#settings.logger.warn({ err: error }, "the way to the jobs was lost");
    this.#listeners.tell("reconnecting", { error });
  }
}
