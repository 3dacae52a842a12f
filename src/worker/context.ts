/* Context: what a handler is given beside the payload, for one attempt. Its functions may be taken
 * out of it, as handlers do that destructure their arguments. Made by attempt.ts.
 */
import type { Deadlines } from "../client/deadlines.ts";
import { NEXT_MAX } from "./backend.ts";
import type { Capabilities, HeldJob, RawJob } from "./backend.ts";
import type { EnqueueOptions } from "./enqueue-options.ts";
import { BadOptionError } from "./errors.ts";
import type { JobEvent } from "./failure-mode.ts";
import type { AnyJob, InputOf, JobContext, Prepared, RunningJob } from "./job-definition.ts";
import type { Arrival } from "./arrival.ts";
import type { Logger } from "./logger.ts";
import { Notes } from "./notes.ts";
import { rawJob } from "./raw-job.ts";
import type { EnqueueWatch, Telemetries } from "./telemetry.ts";
import type { JobAbort } from "./thrown.ts";

/** What an attempt has of its worker. */
export interface Surroundings {
  readonly can: Capabilities;
  readonly deadlines: Deadlines;
  readonly telling: Telemetries | undefined;
  readonly logger: Logger;
  readonly now: () => number;
  /** A handler left a note. */
  readonly noted: (event: JobEvent, value: unknown) => void;
  /** Told what went wrong where nobody waits. */
  readonly troubled: (error: unknown) => void;
}

/** What a context is of; an arrival, or what another thread knows of one. */
export interface ContextSubject extends Pick<Arrival<unknown>, "envelope" | "event"> {
  readonly held: Pick<HeldJob, "isHeld" | "progress" | "renew">;
}

/** A context. */
export class Context<State> implements JobContext<State> {
  readonly job: RunningJob;
  readonly state: State;
  readonly #arrival: ContextSubject;
  readonly #around: Surroundings;
  /** Jobs that follow. */
  #next: Promise<RawJob>[] | undefined;
  #following: Required<EnqueueWatch>[] | undefined;
  #notes: Notes | undefined;
  #newest: unknown;
  #log: Logger | undefined;
  #aborting: AbortController | undefined;
  #reason: JobAbort | undefined;

  constructor(arrival: ContextSubject, state: State, around: Surroundings) {
    const { event, envelope } = arrival;
    const { key, at, schedule, due } = envelope.hm;
    this.job = {
      ...event,
      ...(key !== undefined && { key }),
      ...(at !== undefined && { enqueuedAt: new Date(at) }),
      ...(schedule !== undefined &&
        due !== undefined && { schedule: { name: schedule, due: new Date(due) } }),
    };
    this.state = state;
    this.#arrival = arrival;
    this.#around = around;
  }

  get signal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.#reason !== undefined) this.#aborting.abort(this.#reason);
    return this.#aborting.signal;
  }

  get log(): Logger {
    const { logger } = this.#around;
    const { id, type, attempt } = this.job;
    this.#log ??= logger.child?.({ job: id, type, attempt }) ?? logger;
    return this.#log;
  }

  readonly progress = (value: unknown): void => {
    const { can, deadlines } = this.#around;
    const troubled = (error: unknown): void => this.#around.troubled(error);
    if (can.progress) this.#notes ??= new Notes(this.#arrival.held, deadlines, troubled);
    this.#notes?.note(value);
    this.#newest = value;
    this.#around.noted(this.#arrival.event, value);
  };

  readonly touch = (): Promise<void> => this.#arrival.held.renew();

  readonly enqueueOnSuccess = <J extends AnyJob>(
    job: J,
    payload: InputOf<J>,
    options: EnqueueOptions = {},
  ): void => {
    const { can, now, telling } = this.#around;
    const next = (this.#next ??= []);
    if (next.length >= NEXT_MAX) {
      throw new BadOptionError(`enqueueOnSuccess: at most ${NEXT_MAX} jobs may follow from one`);
    }
    const watch = telling?.enqueuing({ type: job.name, tube: job.tube, count: 1 });
    if (watch !== undefined) (this.#following ??= []).push(watch);
    const raw = (prepared: Prepared<unknown>): RawJob =>
      rawJob(job, prepared, options, can, now(), watch?.trace);
    const prepared = job.prepare(payload);
    const isHere = !(prepared instanceof Promise);
    const coming = isHere ? Promise.resolve(raw(prepared)) : prepared.then(raw);
    coming.catch(() => undefined); // `next` says so
    next.push(coming);
  };

  /** The jobs that follow, if there are any. Rejects with what a schema did not take. */
  next(): Promise<readonly RawJob[]> | undefined {
    return this.#next && Promise.all(this.#next);
  }

  /** Tells whether the jobs that follow were enqueued, with this one's end. */
  tellNext(isDone: boolean, error: unknown): void {
    for (const watch of this.#following ?? []) {
      if (isDone) watch.enqueued([]);
      else watch.failed(error);
    }
  }

  /** Tells the handler to stop. */
  abort(reason: JobAbort): void {
    this.#reason ??= reason;
    this.#aborting?.abort(this.#reason);
  }

  /** The newest note. */
  get newest(): unknown {
    return this.#newest;
  }

  /** Why it was told to stop, if it was. */
  get reason(): JobAbort | undefined {
    return this.#reason;
  }

  /** The attempt is over: nothing is sent for it any more. */
  end(): void {
    this.#notes?.end();
  }
}
