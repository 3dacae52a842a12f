/* Queue: a JobQueue on whatever back end keeps its jobs.
 *
 * It knows what is in bodies, and back ends do not. Invariants: nothing is enqueued of what its
 * schema does not take, and nothing that the back end would not keep as it was asked.
 */
import type { Clock } from "../clock.ts";
import type { Cancelled, Capabilities, PutOutcome, QueueBackend, QueueStats } from "./backend.ts";
import type { RawEnd, RawJob } from "./backend.ts";
import { millisOf } from "./duration.ts";
import type { Abortable, EnqueueOptions } from "./enqueue-options.ts";
import { harmlessLogger } from "./harmless.ts";
import { JobCancelledError, JobFailedError, JobNotFoundError } from "./errors.ts";
import { PartlyEnqueuedError, UnsupportedError } from "./errors.ts";
import { checkJob } from "./job-definition.ts";
import type { AnyJob, InputOf, Prepared, ResultOf } from "./job-definition.ts";
import type { Enqueued, JobQueue, ResultOptions } from "./job-queue.ts";
import type { Logger } from "./logger.ts";
import type { JobFilter, JobState, JobStatus } from "./job-status.ts";
import { rawJob } from "./raw-job.ts";
import type { Schedules } from "./schedule.ts";
import { QueueSchedules } from "./schedules.ts";
import { decodeFailure } from "./serialized-error.ts";
import { completedStatus, RAW_STATES, statusOf } from "./status-of.ts";
import { Telemetries } from "./telemetry.ts";
import type { Telemetry } from "./telemetry.ts";
import { whenThere } from "./when-there.ts";
import { SYSTEM_TIME } from "./time.ts";
import type { Time } from "./time.ts";
import type { TraceContext } from "./trace-context.ts";

/** Called around what is done with a queue. */
export interface QueueHooks {
  /**
   * Before a job is enqueued by `enqueue`, `enqueueMany` or `call`, with its payload as its schema
   * gives it. What it throws rejects that call, and nothing is enqueued.
   */
  beforeEnqueue?(
    job: { readonly type: string; readonly tube: string },
    payload: unknown,
  ): void | Promise<void>;
}

/** What may be said about a queue. */
export interface QueueOptions {
  /** What time it is, in milliseconds since 1970: for `runAt`, for what bodies say, for workers. */
  readonly now?: () => number;
  /** Time, for all that its workers wait for. */
  readonly clock?: Clock;
  /** Who is told of what is enqueued here, and of what its workers run. */
  readonly telemetry?: readonly Telemetry[];
  /** Told what an operator should know; its workers', too, unless they have one of their own. */
  readonly logger?: Logger;
  readonly hooks?: QueueHooks;
}

const TIMEOUT_DEFAULT = "1m";
/** How long is waited for the result of a job that is over. */
const KEPT_TIMEOUT_MILLIS = 10_000;
/** Jobs that a back end is given at a time. */
const PUT_MAX = 1000;
const STATES = ["available", "scheduled", "active", "discarded"] as const;
const NO_OPTIONS = {};

/** A queue. */
export class Queue implements JobQueue {
  readonly backend: QueueBackend;
  readonly time: Time;
  readonly telemetry: readonly Telemetry[];
  readonly logger: Logger | undefined;
  readonly #telling: Telemetries | undefined;
  readonly schedules: Schedules;
  readonly #hooks: QueueHooks | undefined;

  constructor(backend: QueueBackend, options: QueueOptions = {}) {
    const {
      now = SYSTEM_TIME.now,
      clock = SYSTEM_TIME.clock,
      telemetry = [],
      logger,
      hooks,
    } = options;
    this.backend = backend;
    this.time = { now, clock };
    this.telemetry = telemetry;
    this.#hooks = hooks;
    this.logger = logger && harmlessLogger(logger);
    this.#telling = Telemetries.of(telemetry, (err) => {
      this.logger?.error({ err }, "telemetry threw");
    });
    this.#telling?.queue(this);
    this.schedules = new QueueSchedules(backend, now);
  }

  get can(): Capabilities {
    return this.backend.can;
  }

  enqueue<J extends AnyJob>(
    job: J,
    payload: InputOf<J>,
    options: EnqueueOptions = NO_OPTIONS,
  ): Promise<Enqueued<J>> {
    const put = (trace?: TraceContext): Promise<Enqueued<J>> =>
      this.#enqueueOne(job, payload, options, trace);
    return this.#telling === undefined ? put() : this.#told(this.#telling, job, 1, put);
  }

  async #enqueueOne<J extends AnyJob>(
    job: J,
    payload: InputOf<J>,
    options: EnqueueOptions,
    trace: TraceContext | undefined,
  ): Promise<Enqueued<J>> {
    checkJob(job);
    const made = this.#raw(job, payload, options, trace);
    const raw = made instanceof Promise ? await made : made;
    const [outcome] = await this.backend.put([raw], options);
    return this.#enqueued(job, outcome);
  }

  enqueueMany<J extends AnyJob>(
    job: J,
    payloads: readonly InputOf<J>[],
    options: EnqueueOptions = NO_OPTIONS,
  ): Promise<readonly Enqueued<J>[]> {
    const put = (trace?: TraceContext): Promise<readonly Enqueued<J>[]> =>
      this.#enqueueAll(job, payloads, options, trace);
    const { length } = payloads;
    return this.#telling === undefined ? put() : this.#told(this.#telling, job, length, put);
  }

  async #enqueueAll<J extends AnyJob>(
    job: J,
    payloads: readonly InputOf<J>[],
    options: EnqueueOptions,
    trace: TraceContext | undefined,
  ): Promise<readonly Enqueued<J>[]> {
    checkJob(job);
    const raws: RawJob[] = [];
    for (const payload of payloads) {
      const made = this.#raw(job, payload, options, trace);
      raws.push(made instanceof Promise ? await made : made);
    }
    const outcomes: PutOutcome[] = [];
    for (let at = 0; at < raws.length; at += PUT_MAX) {
      outcomes.push(...(await this.backend.put(raws.slice(at, at + PUT_MAX), options)));
    }
    if (outcomes.some((outcome) => "error" in outcome)) {
      throw new PartlyEnqueuedError(job.name, outcomes);
    }
    return outcomes.map((outcome) => this.#enqueued(job, outcome));
  }

  async call<J extends AnyJob>(
    job: J,
    payload: InputOf<J>,
    options: EnqueueOptions & ResultOptions = NO_OPTIONS,
  ): Promise<ResultOf<J>> {
    this.#checkResults();
    const { timeout = TIMEOUT_DEFAULT } = options;
    millisOf("timeout", timeout); // before anything is enqueued
    const { id } = await this.enqueue(job, payload, options);
    return this.result(job, id, options);
  }

  async result<J extends AnyJob>(
    job: J,
    id: string,
    { timeout = TIMEOUT_DEFAULT, signal }: ResultOptions = NO_OPTIONS,
  ): Promise<ResultOf<J>> {
    this.#checkResults();
    const timeoutMillis = timeout === Infinity ? Infinity : millisOf("timeout", timeout);
    const end = await this.backend.end(id, { timeoutMillis, signal });
    return job.decodeResult(resultOf(id, end));
  }

  async status(id: string, options: Abortable = NO_OPTIONS): Promise<JobStatus | undefined> {
    const raw = await this.backend.status(id, options);
    if (raw !== undefined) return statusOf(raw, this.time.now());
    if (this.can.results !== "kept") return undefined;
    const wait = { ...options, timeoutMillis: KEPT_TIMEOUT_MILLIS };
    const end = await this.backend.end(id, wait);
    return end?.end === "finished" ? completedStatus(id) : undefined;
  }

  async progress(id: string, options: Abortable = NO_OPTIONS): Promise<unknown> {
    const raw = await this.backend.status(id, options);
    return raw === undefined ? undefined : statusOf(raw, this.time.now()).progress;
  }

  cancel(id: string, options: Abortable = NO_OPTIONS): Promise<Cancelled> {
    return this.backend.cancel(id, options);
  }

  async *jobs(filter: JobFilter): AsyncIterable<JobStatus> {
    const { tube, type, signal } = filter;
    const states: readonly Exclude<JobState, "completed">[] =
      filter.state === undefined ? STATES : [filter.state];
    for (const wanted of states) {
      for await (const raw of this.backend.list({
        tube,
        state: RAW_STATES[wanted],
        isWhole: true,
        signal,
      })) {
        const job = statusOf(raw, this.time.now());
        const isWanted = filter.state === undefined || job.state === filter.state;
        if (!isWanted || (type !== undefined && job.type !== type)) continue;
        if (filter.where === undefined || filter.where(job)) yield job;
      }
    }
  }

  move(id: string, tube: string, options: Abortable = NO_OPTIONS): Promise<boolean> {
    return this.backend.move(id, tube, options);
  }

  retry(id: string, options: Abortable = NO_OPTIONS): Promise<boolean> {
    return this.backend.retry(id, options);
  }

  async retryAll(filter: Omit<JobFilter, "state">): Promise<number> {
    let count = 0;
    for await (const { id } of this.jobs({ ...filter, state: "discarded" })) {
      if (await this.retry(id, filter)) count += 1;
    }
    return count;
  }

  pause(tube: string, options: Abortable = NO_OPTIONS): Promise<void> {
    return this.backend.pause(tube, options);
  }

  resume(tube: string, options: Abortable = NO_OPTIONS): Promise<void> {
    return this.backend.resume(tube, options);
  }

  stats(tube?: string, options: Abortable = NO_OPTIONS): Promise<QueueStats> {
    return this.backend.stats(tube, options);
  }

  close(): Promise<void> {
    return this.backend.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Enqueues jobs, and tells of it; `put` is given what travels with them. */
  async #told<Result extends Enqueued<AnyJob> | readonly Enqueued<AnyJob>[]>(
    telemetries: Telemetries,
    job: AnyJob,
    count: number,
    put: (trace: TraceContext) => Promise<Result>,
  ): Promise<Result> {
    checkJob(job);
    const { name: type, tube } = job;
    const telling = telemetries.enqueuing({ type, tube, count });
    try {
      const enqueued = await put(telling.trace);
      telling.enqueued([enqueued].flat().map(({ id }) => id));
      return enqueued;
    } catch (error) {
      telling.failed(error);
      throw error;
    }
  }

  #raw(
    job: AnyJob,
    payload: unknown,
    options: EnqueueOptions,
    trace: TraceContext | undefined,
  ): RawJob | Promise<RawJob> {
    options.signal?.throwIfAborted();
    const raw = (prepared: Prepared<unknown>): RawJob =>
      rawJob(job, prepared, options, this.can, this.time.now(), trace);
    if (this.#hooks?.beforeEnqueue === undefined) return whenThere(job.prepare(payload), raw);
    return this.#allowed(job, payload).then(raw);
  }

  /** Rejects if the hook refuses it. */
  async #allowed(job: AnyJob, payload: unknown): Promise<Prepared<unknown>> {
    const prepared = await job.prepare(payload);
    await this.#hooks?.beforeEnqueue?.({ type: job.name, tube: job.tube }, prepared.payload);
    return prepared;
  }

  #enqueued<J extends AnyJob>(job: J, outcome: PutOutcome | undefined): Enqueued<J> {
    if (outcome === undefined) throw new RangeError("the back end said nothing of a job");
    if ("error" in outcome) throw outcome.error;
    const { id, isNew, isSpooled = false } = outcome;
    return {
      id,
      state: isSpooled ? "spooled" : isNew ? "new" : "already-there",
      result: (options) => this.result(job, id, options),
    };
  }

  #checkResults(): void {
    if (this.can.results !== "none") return;
    throw new UnsupportedError(`${this.backend.name}: this back end has no results`);
  }
}

/** The bytes of a result. Throws what the end stands for if there is none. */
function resultOf(id: string, end: RawEnd | undefined): Uint8Array {
  if (end === undefined)
    throw new JobNotFoundError(`job ${id}: there is no such job, nor a result`);
  if (end.end === "finished") return end.result;
  if (end.end === "cancelled") throw new JobCancelledError(`job ${id} was cancelled`);
  const failure = end.failure === undefined ? undefined : decodeFailure(end.failure);
  throw new JobFailedError(id, end.end, failure);
}
