/* Telemetry: who is told of what is enqueued and run, to count, trace or log it.
 *
 * Invariant: whatever it throws harms no job: the logger is told, and the job goes on as if nobody
 * listened. A queue that has none makes nothing for it.
 */
import type { QueueStats } from "./backend.ts";
import { harmlessly } from "./harmless.ts";
import type { RunningJob } from "./job-definition.ts";
import type { TraceContext } from "./trace-context.ts";
import type { WorkerEvents } from "./worker-events.ts";
import type { WorkerStatus } from "./worker-status.ts";

/** A queue, as it is watched. */
export interface WatchedQueue {
  /** Of one tube, or of all. */
  stats(tube?: string): Promise<QueueStats>;
}

/** A worker, as it is watched. */
export interface WatchedWorker {
  readonly name: string;
  on<Name extends keyof WorkerEvents>(
    event: Name,
    hear: (event: WorkerEvents[Name]) => void,
  ): Disposable;
  status(): WorkerStatus;
}

/** Jobs that are about to be enqueued. */
export interface Enqueuing {
  readonly type: string;
  readonly tube: string;
  readonly count: number;
}

/** What is told of one enqueue. */
export interface EnqueueWatch {
  /** Travels with the jobs. */
  readonly trace?: TraceContext;
  /** They are there: `ids` of all, or none where they followed from another job. */
  enqueued?(ids: readonly string[]): void;
  failed?(error: unknown): void;
}

/** What became of an attempt. */
export type AttemptOutcome = "done" | "failed" | "cancelled" | "handed-back" | "lost";

/** What is told of one attempt. */
export interface AttemptWatch {
  /** Calls the handler, within whatever it needs to be in. */
  run?(handler: () => Promise<unknown>): unknown;
  /** It is over; `error` is what the handler threw, or why it was told to stop. */
  ended?(outcome: AttemptOutcome, error: unknown): void;
}

/** Who is told. */
export interface Telemetry {
  /** A queue was opened. */
  queue?(queue: WatchedQueue): void;
  /** A worker was made. */
  worker?(worker: WatchedWorker): void;
  enqueuing?(jobs: Enqueuing): EnqueueWatch | undefined;
  /** An attempt begins; `trace` is what travelled with its job. */
  attempting?(job: RunningJob, trace: TraceContext): AttemptWatch | undefined;
}

/** All that are told, and whoever hears what they throw. */
export class Telemetries {
  readonly #all: readonly Telemetry[];
  readonly #troubled: (error: unknown) => void;

  /** Undefined if there is none. */
  static of(
    all: readonly Telemetry[],
    troubled: (error: unknown) => void,
  ): Telemetries | undefined {
    return all.length === 0 ? undefined : new Telemetries(all, troubled);
  }

  private constructor(all: readonly Telemetry[], troubled: (error: unknown) => void) {
    this.#all = all;
    this.#troubled = troubled;
  }

  queue(queue: WatchedQueue): void {
    this.#tell((one) => one.queue?.(queue));
  }

  worker(worker: WatchedWorker): void {
    this.#tell((one) => one.worker?.(worker));
  }

  enqueuing(jobs: Enqueuing): Required<EnqueueWatch> {
    const watches = this.#tell((one) => one.enqueuing?.(jobs));
    const traces = attemptAll(watches, (watch) => writable(watch.trace), this.#troubled);
    const trace: TraceContext = Object.assign({}, ...traces);
    return {
      trace,
      enqueued: (ids) => this.#each(watches, (watch) => watch.enqueued?.(ids)),
      failed: (error) => this.#each(watches, (watch) => watch.failed?.(error)),
    };
  }

  attempting(job: RunningJob, trace: TraceContext): AttemptTelling {
    return new AttemptTelling(
      this.#tell((one) => one.attempting?.(job, trace)),
      this.#troubled,
    );
  }

  #tell<Watch>(tell: (one: Telemetry) => Watch | undefined): readonly NonNullable<Watch>[] {
    return attemptAll(this.#all, tell, this.#troubled);
  }

  #each<Watch>(watches: readonly Watch[], tell: (watch: Watch) => void): void {
    attemptAll(watches, tell, this.#troubled);
  }
}

/** All that are told of one attempt. */
export class AttemptTelling {
  readonly #watches: readonly AttemptWatch[];
  readonly #troubled: (error: unknown) => void;

  constructor(watches: readonly AttemptWatch[], troubled: (error: unknown) => void) {
    this.#watches = watches;
    this.#troubled = troubled;
  }

  /** Calls the handler once, within all of them, and returns what it returns. */
  run<Result>(handler: () => Promise<Result>): Promise<Result> {
    let running: Promise<Result> | undefined;
    const once = (): Promise<Result> => (running ??= handler());
    let call: () => unknown = once;
    for (const watch of this.#watches) {
      const inner = call;
      call = () => (watch.run === undefined ? inner() : watch.run(() => this.#later(inner)));
    }
    try {
      const outer = call();
      if (outer !== running) harmlessly(() => outer, this.#troubled);
    } catch (error) {
      this.#troubled(error);
    }
    return once();
  }

  /** A promise of what it returns, made at once; whoever is given it may drop it. */
  #later(run: () => unknown): Promise<unknown> {
    const running = (async () => run())();
    running.catch(() => undefined); // whoever waits for it hands it on
    return running;
  }

  ended(outcome: AttemptOutcome, error: unknown): void {
    attemptAll(this.#watches, (watch) => watch.ended?.(outcome, error), this.#troubled);
  }
}

/** What comes of each, but for those that throw; what comes later is not waited for. */
function attemptAll<One, Result>(
  all: readonly One[],
  run: (one: One) => Result | undefined,
  troubled: (error: unknown) => void,
): readonly NonNullable<Result>[] {
  const results: NonNullable<Result>[] = [];
  for (const one of all) {
    const result = harmlessly(() => run(one), troubled);
    if (result !== undefined && result !== null) results.push(result);
  }
  return results;
}

/** What travels with a job. Throws a TypeError if it is not texts: a body could not be written. */
function writable(trace: TraceContext | undefined): TraceContext | undefined {
  const odd = Object.entries(trace ?? {}).find(([, value]) => {
    return value !== undefined && typeof value !== "string";
  });
  if (odd !== undefined) throw new TypeError(`telemetry: the trace's ${odd[0]} is no text`);
  return trace;
}
