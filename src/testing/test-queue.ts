/* TestQueue: a queue for tests, in memory, on a virtual clock.
 *
 * Time passes when the test says so, and for workers that it does not run itself, jobs are run when
 * it says so. All else is as in production: the same engine, the same worker. Nothing waits for a
 * time of the machine. Opened by src/entries/testing.ts, which has the engine.
 */
import { MICROS } from "../clock.ts";
import type { QueueBackend, RawJob } from "../worker/backend.ts";
import type { Duration } from "../worker/duration.ts";
import { millisOf } from "../worker/duration.ts";
import { decodeEnvelope } from "../worker/envelope.ts";
import { BadOptionError, JobCancelledError } from "../worker/errors.ts";
import type { AnyJob, InputOf, PayloadOf, ResultOf } from "../worker/job-definition.ts";
import type { JobQueue } from "../worker/job-queue.ts";
import type { JobState } from "../worker/job-status.ts";
import { Queue } from "../worker/queue.ts";
import type { QueueOptions } from "../worker/queue.ts";
import { rawJob } from "../worker/raw-job.ts";
import { statusOf } from "../worker/status-of.ts";
import type { Telemetry } from "../worker/telemetry.ts";
import type { Worker } from "../worker/worker.ts";
import { AssertionError, HandedBackError } from "./errors.ts";
import { InlineJob } from "./inline-job.ts";
import { isWanted } from "./match.ts";
import type { Wanted } from "./match.ts";
import { TestBackend } from "./test-backend.ts";
import type { DrivenConsumers } from "./test-backend.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What may be said about a queue for tests. */
export interface TestQueueOptions extends Pick<QueueOptions, "telemetry" | "logger" | "hooks"> {
  /** What time it is when it is opened; the machine's if absent. */
  readonly now?: Date;
}

/** How many attempts ended how. */
export interface DrainReport {
  readonly succeeded: number;
  readonly failed: number;
}

/** A job that waits. */
export interface WaitingJob<Payload> {
  readonly id: string;
  readonly payload: Payload;
  readonly state: JobState;
  readonly priority: number;
  /** When it may run, if its time has not come. */
  readonly runAt?: Date;
}

/** A queue for tests. */
export interface TestQueue extends JobQueue {
  /** What time it is. */
  readonly now: Date;
  /**
   * Lets time pass, step by step: what is due is done at its moment, and what that starts goes on
   * meanwhile as far as it comes without waiting for the outside.
   */
  advance(by: Duration): Promise<void>;
  /**
   * Has a worker run all that it can run now, and what follows from that. A worker that the test
   * has not told to `run` takes jobs only while this, or `runInline`, is under way. Rejects with
   * what the worker's `init` throws, and with a BadOptionError if a handler of that worker asks for
   * it, which would wait for its own end.
   */
  drain(worker: Worker): Promise<DrainReport>;
  /**
   * Runs a job in a slot of the worker without enqueueing it, and returns its result; jobs that
   * follow from it are enqueued. Rejects with what the handler threw, with a HandedBackError
   * (HM_HANDED_BACK) if it snoozed, and with a BadOptionError if the test told the worker to `run`,
   * or a handler of that worker asks for it, which may have the last slot.
   */
  runInline<J extends AnyJob>(job: J, payload: InputOf<J>, worker: Worker): Promise<ResultOf<J>>;
  /** The jobs of that kind that wait to be run, in the order of `jobs`. */
  enqueued<J extends AnyJob>(job: J): Promise<readonly WaitingJob<PayloadOf<J>>[]>;
  /** Returns the first such job that waits. Rejects with an AssertionError (HM_ASSERTION). */
  assertEnqueued<J extends AnyJob>(
    job: J,
    wanted?: Wanted<PayloadOf<J>>,
  ): Promise<WaitingJob<PayloadOf<J>>>;
  /** Rejects with an AssertionError (HM_ASSERTION) if such a job waits. */
  assertNotEnqueued<J extends AnyJob>(job: J, wanted?: Wanted<PayloadOf<J>>): Promise<void>;
}

/** What a queue for tests has of the runtime. */
export interface TestSurroundings {
  /** An engine in memory, on that clock. */
  open(clock: VirtualClock): Promise<QueueBackend>;
  /** Runs something when the event loop has turned. */
  soon(run: () => void): void;
  /** The id of the job whose handler calls, however many awaits lie between. */
  readonly caller: CallerStorage;
}

/** An AsyncLocalStorage. */
interface CallerStorage {
  run<Result>(job: string, call: () => Result): Result;
  getStore(): string | undefined;
}

const START_MICROS = 1000 * MICROS;
const MILLI_MICROS = 1000;
/** After so many turns without anything new, nothing is under way in this process. */
const QUIET_TURNS = 16;
/** Who waits for the outside for longer than so many turns leaves the processor to others. */
const BUSY_TURNS = 200;
const WAITING = ["ready", "delayed"] as const;

/** Opens a queue for tests. */
export async function openTestQueue(
  { now = new Date(), ...options }: TestQueueOptions,
  around: TestSurroundings,
): Promise<TestQueue> {
  const clock = new VirtualClock(START_MICROS);
  const aheadMillis = now.getTime() - Date.now();
  if (Number.isNaN(aheadMillis)) throw new BadOptionError("now: that is no date");
  const backend = new TestBackend(await around.open(clock), aheadMillis);
  return new VirtualQueue(backend, { clock, startMillis: now.getTime(), around, options });
}

interface VirtualQueueParts {
  readonly clock: VirtualClock;
  readonly startMillis: number;
  readonly around: TestSurroundings;
  readonly options: Pick<QueueOptions, "telemetry" | "logger" | "hooks">;
}

class VirtualQueue extends Queue implements TestQueue {
  readonly #backend: TestBackend;
  readonly #clock: VirtualClock;
  readonly #around: TestSurroundings;
  /** Of workers that the test has not told to run. */
  readonly #consumers = new WeakMap<Worker, DrivenConsumers>();
  /** Workers of this queue. */
  readonly #own: WeakSet<object>;
  #inlined = 0;

  constructor(backend: TestBackend, { clock, startMillis, around, options }: VirtualQueueParts) {
    const now = (): number => startMillis + (clock.now() - START_MICROS) / MILLI_MICROS;
    const own = new WeakSet<object>();
    const { caller } = around;
    const watch: Telemetry = {
      worker: (worker) => void own.add(worker),
      attempting: ({ id }) => ({ run: (handler) => caller.run(id, handler) }),
    };
    super(backend, { ...options, clock, now, telemetry: [...(options.telemetry ?? []), watch] });
    this.#own = own;
    this.#backend = backend;
    this.#clock = clock;
    this.#around = around;
  }

  get now(): Date {
    return new Date(this.time.now());
  }

  async advance(by: Duration): Promise<void> {
    const untilMicros = this.#clock.now() + millisOf("advance", by) * MILLI_MICROS;
    do await this.#settle();
    while (this.#clock.step(untilMicros));
    await this.#settle();
  }

  async drain(worker: Worker): Promise<DrainReport> {
    this.#checkCaller("drain", worker);
    const report = { succeeded: 0, failed: 0 };
    const hearing = [
      worker.on("success", () => void (report.succeeded += 1)),
      worker.on("failure", () => void (report.failed += 1)),
    ];
    const consumer = this.#start(worker);
    try {
      if (consumer !== undefined) consumer.isOpen = true;
      await this.#whileUsable(worker, () => this.#drained(worker, report));
    } finally {
      if (consumer !== undefined) consumer.isOpen = false;
      for (const heard of hearing) heard[Symbol.dispose]();
    }
    await this.#settle(); // the gate is closed when the next job may be enqueued
    return report;
  }

  async runInline<J extends AnyJob>(
    job: J,
    payload: InputOf<J>,
    worker: Worker,
  ): Promise<ResultOf<J>> {
    this.#checkCaller("runInline", worker);
    const prepared = await job.prepare(payload);
    const raw = rawJob(job, prepared, {}, this.can, this.time.now());
    const consumer = this.#start(worker);
    if (consumer === undefined) {
      throw new BadOptionError("runInline: the worker is one that the test told to run");
    }
    const id = `inline-${++this.#inlined}`;
    const held = new InlineJob(id, raw, (jobs) => this.#follow(jobs));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const hearing = [
      worker.on("success", (event) => event.id === id && resolve()),
      worker.on("failure", (event) => event.id === id && reject(event.error)),
      worker.on("cancelled", (event) => {
        if (event.id === id) reject(new JobCancelledError(`job ${id} was cancelled`));
      }),
      worker.on("handedBack", ({ id: whose, why, afterMillis }) => {
        if (whose === id) reject(new HandedBackError(why, afterMillis));
      }),
    ];
    try {
      await this.#whileUsable(worker, async () => {
        void consumer.give(held);
        await promise;
      });
      return await job.decodeResult(held.result);
    } finally {
      for (const heard of hearing) heard[Symbol.dispose]();
    }
  }

  async enqueued<J extends AnyJob>(job: J): Promise<readonly WaitingJob<PayloadOf<J>>[]> {
    const jobs: WaitingJob<PayloadOf<J>>[] = [];
    for (const wanted of WAITING) {
      for await (const raw of this.backend.list({ tube: job.tube, state: wanted })) {
        const envelope = decodeEnvelope(raw.body);
        if (envelope.type !== job.name) continue;
        const payload = await job.payloadOf(envelope);
        const { id, state, priority, runAt } = statusOf(raw, this.time.now());
        jobs.push({ id, payload, state, priority: priority ?? 0, ...(runAt && { runAt }) });
      }
    }
    return jobs;
  }

  async assertEnqueued<J extends AnyJob>(
    job: J,
    wanted?: Wanted<PayloadOf<J>>,
  ): Promise<WaitingJob<PayloadOf<J>>> {
    const jobs = await this.enqueued(job);
    const found = jobs.find(({ payload }) => isWanted(payload, wanted));
    if (found !== undefined) return found;
    throw new AssertionError(
      `${job.name}: no job ${inWords(wanted)}; ${jobs.length} wait${listOf(jobs)}`,
    );
  }

  async assertNotEnqueued<J extends AnyJob>(job: J, wanted?: Wanted<PayloadOf<J>>): Promise<void> {
    const jobs = await this.enqueued(job);
    const found = jobs.filter(({ payload }) => isWanted(payload, wanted));
    if (found.length === 0) return;
    throw new AssertionError(
      `${job.name}: ${found.length} jobs ${inWords(wanted)} wait${listOf(found)}`,
    );
  }

  /** Throws a BadOptionError if it is a handler of the worker that asks for this. */
  #checkCaller(what: "drain" | "runInline", worker: Worker): void {
    const caller = this.#around.caller.getStore();
    if (!worker.status().busy.some(({ id }) => id === caller)) return;
    throw new BadOptionError(`${what}: it would wait for the handler that asks for it`);
  }

  /**
   * Runs a worker, unless it runs; undefined if it was the test that told it to. Throws a
   * BadOptionError if it is another queue's.
   */
  #start(worker: Worker): DrivenConsumers | undefined {
    if (!this.#own.has(worker)) throw new BadOptionError("the worker is one of another queue");
    const known = this.#consumers.get(worker);
    if (known !== undefined) return known;
    const consumer = this.#backend.drive(() => {
      worker.run().catch(() => undefined); // #whileUsable says so
    });
    if (consumer !== undefined) this.#consumers.set(worker, consumer);
    return consumer;
  }

  /** Rejects as soon as the worker is of no use: it has ended, or its `init` throws. */
  async #whileUsable(worker: Worker, run: () => Promise<void>): Promise<void> {
    const { promise: broken, reject } = Promise.withResolvers<never>();
    const hearing = worker.on("initFailed", ({ error }) => reject(error));
    const ended = worker.run().then(() => {
      throw new BadOptionError("the worker has stopped");
    });
    try {
      await Promise.race([run(), broken, ended]);
    } finally {
      hearing[Symbol.dispose]();
    }
  }

  /**
   * Resolves when the worker runs nothing and can take nothing more: what is ready and stays so for
   * all these turns is paused, or waits for something else.
   */
  async #drained(worker: Worker, report: DrainReport): Promise<void> {
    let last = "";
    for (let quiet = 0, turns = 0; quiet < QUIET_TURNS; turns++) {
      await this.#turn(turns);
      const { busy, initialising, tubes } = worker.status();
      const stats = await Promise.all(tubes.map((tube) => this.#backend.inner.stats(tube)));
      const isBusy = busy.length > 0 || initialising > 0 || this.#backend.pending > 0;
      const counts = JSON.stringify([stats, report]);
      quiet = isBusy || counts !== last ? 0 : quiet + 1;
      if (counts !== last) turns = 0;
      last = counts;
    }
  }

  /** Resolves when nothing is under way that needs nothing from outside. */
  async #settle(): Promise<void> {
    for (let quiet = 0, turns = 0; quiet < QUIET_TURNS; turns++) {
      await this.#turn(turns);
      quiet = this.#backend.pending > 0 ? 0 : quiet + 1;
    }
  }

  #turn(turns: number): Promise<void> {
    if (turns < BUSY_TURNS) return new Promise((resolve) => this.#around.soon(resolve));
    return new Promise((resolve) => void setTimeout(resolve, 1));
  }

  async #follow(jobs: readonly RawJob[]): Promise<void> {
    if (jobs.length === 0) return;
    for (const outcome of await this.backend.put(jobs)) {
      if ("error" in outcome) throw outcome.error;
    }
  }
}

function inWords(wanted: unknown): string {
  if (wanted === undefined) return "of this kind";
  return typeof wanted === "function" ? "that the test wants" : `with ${JSON.stringify(wanted)}`;
}

function listOf(jobs: readonly { readonly payload: unknown }[]): string {
  return jobs.map(({ payload }) => `\n  ${JSON.stringify(payload)}`).join("");
}
