/* Job: a job that this client holds, and what can be done with it; Holdings: all of them.
 *
 * Invariants: a job is held until it is ended, until the server says that it is lost, or until the
 * connection that holds it ends, whichever comes first. What is asked of one that is not held any
 * more is refused here: the server may have handed it out again, to this very client. Jobs are made
 * by receiving.ts.
 */
import type { Body } from "./command-writer.ts";
import type { BuryOptions, Queued, ReleaseOptions } from "./commands/ends.ts";
import { CancelledError, NotHeldError } from "./errors.ts";
import { HeldJobs } from "./held-jobs.ts";

/** What may be said about any call. */
export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take at most; if absent, as the client was told. */
  readonly timeoutMs?: number | undefined;
}

/** How a job is finished. */
export interface FinishOptions {
  /** How long its result is kept for those who ask later; 60 if absent. */
  readonly keepSeconds?: number;
}

/** What ends jobs; implemented by client.ts. */
export interface JobOwner {
  delete(id: number, options?: CallOptions): Promise<void>;
  release(id: number, options?: ReleaseOptions & CallOptions): Promise<Queued>;
  bury(id: number, options?: BuryOptions & CallOptions): Promise<void>;
  touch(id: number, options?: CallOptions): Promise<void>;
  handBack(id: number, options?: { readonly delaySeconds?: number } & CallOptions): Promise<Queued>;
  finish(id: number, result: Body, options?: FinishOptions & CallOptions): Promise<void>;
  progress(id: number, note: Body, options?: CallOptions): Promise<void>;
  move(
    id: number,
    tube: string,
    options?: { readonly failure?: Body } & CallOptions,
  ): Promise<Queued>;
}

const TEXT = new TextDecoder();

/** One job, held. */
export class Job {
  readonly id: number;
  readonly body: Uint8Array;
  /** Which attempt at it this is, counted from 1; undefined if it did not come by a window. */
  readonly attempt: number | undefined;
  /** Its tube; undefined if it did not come by a window. */
  readonly tube: string | undefined;
  readonly #owner: JobOwner;
  #isHeld = true;
  #reason: Error | undefined;
  #aborting: AbortController | undefined;
  #told: ((reason: Error) => void)[] | undefined;

  constructor(
    owner: JobOwner,
    id: number,
    body: Uint8Array,
    attempt: number | undefined,
    tube: string | undefined,
  ) {
    this.#owner = owner;
    this.id = id;
    this.body = body;
    this.attempt = attempt;
    this.tube = tube;
  }

  /** The body as text. */
  get text(): string {
    return TEXT.decode(this.body);
  }

  /** Whether this client still holds it, as far as it knows. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * Aborted when the work is for nothing: the job is lost, with its time to run or its connection
   * (NotHeldError), or was cancelled (CancelledError).
   */
  get signal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.#reason !== undefined) this.#aborting.abort(this.#reason);
    return this.#aborting.signal;
  }

  /**
   * Calls `told` once, with the signal's reason, when that is aborted; at once if it is already.
   * `told` throws nothing. It costs less than the signal, for whoever has very many jobs.
   */
  onDoomed(told: (reason: Error) => void): void {
    if (this.#reason !== undefined) told(this.#reason);
    else (this.#told ??= []).push(told);
  }

  /** It is done: removes it for good. */
  delete(options?: CallOptions): Promise<void> {
    return this.#held(() => this.#owner.delete(this.id, options));
  }

  /** Gives it back, to be tried again. */
  release(options?: ReleaseOptions & CallOptions): Promise<Queued> {
    return this.#held(() => this.#owner.release(this.id, options));
  }

  /** Sets it aside until somebody kicks it. */
  bury(options?: BuryOptions & CallOptions): Promise<void> {
    return this.#held(() => this.#owner.bury(this.id, options));
  }

  /** Starts its time to run afresh. */
  touch(options?: CallOptions): Promise<void> {
    return this.#held(() => this.#owner.touch(this.id, options));
  }

  /** Gives it back as if it had not been taken. */
  handBack(options?: { readonly delaySeconds?: number } & CallOptions): Promise<Queued> {
    return this.#held(() => this.#owner.handBack(this.id, options));
  }

  /** It is done, and this is its result. */
  finish(result: Body, options?: FinishOptions & CallOptions): Promise<void> {
    return this.#held(() => this.#owner.finish(this.id, result, options));
  }

  /** Leaves a note of how far it is, and starts its time to run afresh. */
  progress(note: Body, options?: CallOptions): Promise<void> {
    return this.#held(() => this.#owner.progress(this.id, note, options));
  }

  /** Moves it to another tube; this attempt has failed then. */
  move(tube: string, options?: { readonly failure?: Body } & CallOptions): Promise<Queued> {
    return this.#held(() => this.#owner.move(this.id, tube, options));
  }

  /** Called by Holdings only: it is not held any more; `reason` if that was nobody's wish. */
  ended(reason?: Error): void {
    this.#isHeld = false;
    if (reason !== undefined) this.doomed(reason);
  }

  /** Called by Holdings only. */
  doomed(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#aborting?.abort(reason);
    for (const tell of this.#told ?? []) tell(reason);
  }

  #held<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#isHeld) return run();
    const why = `job ${this.id} is not held any more`;
    return Promise.reject(new NotHeldError(why, { cause: this.#reason }));
  }
}

/** The jobs that one client holds. */
export class Holdings {
  readonly #jobs = new HeldJobs<Job>();

  get size(): number {
    return this.#jobs.size;
  }

  /** Whether there is any beside those. */
  hasOther(than: ReadonlySet<Job>): boolean {
    let count = this.#jobs.size;
    for (const job of than) if (this.#jobs.get(job.id) === job) count--;
    return count > 0;
  }

  /** Whether this client holds it, as far as it knows. */
  readonly has = (id: number): boolean => this.#jobs.get(id) !== undefined;

  take(job: Job): void {
    this.lost(job.id); // if it was held before, it was lost meanwhile
    this.#jobs.add(job);
  }

  /** It was ended, or the server says that it is not held. */
  readonly gone = (id: number): void => {
    this.#jobs.get(id)?.ended();
    this.#jobs.delete(id);
  };

  /** The server has taken it away. */
  lost(id: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#jobs.delete(id);
    job.ended(new NotHeldError(`job ${id} was lost: its time to run is over, or it was deleted`));
  }

  /** It will be gone when this attempt ends. */
  cancelled(id: number): void {
    this.#jobs.get(id)?.doomed(new CancelledError(`job ${id} was cancelled`));
  }

  /**
   * The connection that held them has ended. None is held any more before the first is told:
   * whoever is told may end another one, and that would be done on the next connection.
   */
  lostAll(cause: Error | undefined): void {
    const jobs = this.#jobs.takeAll();
    for (const job of jobs) job.ended();
    for (const job of jobs) {
      job.doomed(new NotHeldError(`job ${job.id} was lost with the connection`, { cause }));
    }
  }
}
