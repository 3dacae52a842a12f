/* PlainHeldJob: a job of a plain beanstalkd that a consumer holds.
 *
 * The server does not say when a lease is over: it is found out when something is asked for the
 * job, and then is told as any other loss. What follows from a job is put before the job is
 * removed: where something goes wrong in between it is there twice, and never missing.
 */
import type { Facts } from "../client/document.ts";
import { NotHeldError } from "../client/errors.ts";
import type { Job } from "../client/job.ts";
import { RefusedError } from "../client/refused-error.ts";
import type { Completion, HeldJob, PutOutcome, RawJob } from "./backend.ts";
import { numberOf } from "./client-looks.ts";
import { unsupported } from "./unsupported.ts";

const SECOND = 1000;

/** One job, held. */
export class PlainHeldJob implements HeldJob {
  readonly id: string;
  readonly tube: string;
  readonly attempt: number;
  readonly body: Uint8Array;
  readonly #job: Job;
  readonly #facts: Facts;
  readonly #put: (jobs: readonly RawJob[]) => Promise<readonly PutOutcome[]>;
  #gone: (() => void) | undefined;
  #isHeld = true;
  #reason: Error | undefined;
  #aborting: AbortController | undefined;

  /** `facts` are those of stats-job, asked for while it is held. */
  constructor(
    job: Job,
    facts: Facts,
    put: (jobs: readonly RawJob[]) => Promise<readonly PutOutcome[]>,
  ) {
    const { tube } = facts;
    this.id = String(job.id);
    this.tube = typeof tube === "string" ? tube : "";
    this.attempt = numberOf(facts, "reserves");
    this.body = job.body;
    this.#job = job;
    this.#facts = facts;
    this.#put = put;
    job.onDoomed((reason) => this.#lost(reason));
  }

  /** `gone` is called once, when it is not held any more. */
  onGone(gone: () => void): void {
    this.#gone = gone;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  get signal(): AbortSignal {
    this.#aborting ??= new AbortController();
    if (this.#reason !== undefined) this.#aborting.abort(this.#reason);
    return this.#aborting.signal;
  }

  async complete({ next = [] }: Completion = {}): Promise<void> {
    if (next.length > 0) {
      await this.renew(); // so that nothing is put for a job that is not held any more
      await this.#follow(next);
    }
    await this.#ending(() => this.#job.delete());
  }

  release({ afterMillis = 0 }: { readonly afterMillis?: number } = {}): Promise<void> {
    const pri = numberOf(this.#facts, "pri");
    const delaySeconds = Math.ceil(afterMillis / SECOND);
    return this.#ending(() => this.#job.release({ pri, delaySeconds }));
  }

  /** The server counts attempts by itself: this one, too. */
  handBack(options: { readonly afterMillis?: number } = {}): Promise<void> {
    return this.release(options);
  }

  bury(): Promise<void> {
    return this.#ending(() => this.#job.bury({ pri: numberOf(this.#facts, "pri") }));
  }

  /** It is another job there. */
  async moveTo(tube: string): Promise<void> {
    const copy: RawJob = {
      tube,
      body: this.body,
      priority: numberOf(this.#facts, "pri"),
      delayMillis: 0,
      leaseMillis: numberOf(this.#facts, "ttr") * SECOND,
    };
    await this.complete({ next: [copy] });
  }

  discard(): Promise<void> {
    return this.complete();
  }

  renew(): Promise<void> {
    return this.#asking(() => this.#job.touch());
  }

  progress(): Promise<void> {
    return unsupported("beanstalkd", "notes of how far jobs are");
  }

  async #follow(jobs: readonly RawJob[]): Promise<void> {
    for (const outcome of await this.#put(jobs)) if ("error" in outcome) throw outcome.error;
  }

  async #ending(end: () => Promise<unknown>): Promise<void> {
    await this.#asking(end);
    this.#over();
  }

  /** Whatever the server says of a job that it does not find, it is not held any more. */
  async #asking(ask: () => Promise<unknown>): Promise<void> {
    try {
      await ask();
    } catch (error) {
      const isLost = error instanceof RefusedError && error.code === "HM_NOT_FOUND";
      if (!isLost) throw error;
      const why = `job ${this.id} was lost: its time to run is over, or it was deleted`;
      const lost = new NotHeldError(why, { cause: error });
      this.#lost(lost);
      throw lost;
    }
  }

  #lost(reason: Error): void {
    if (!this.#isHeld) return;
    this.#reason = reason;
    this.#over();
    this.#aborting?.abort(reason);
  }

  #over(): void {
    this.#isHeld = false;
    this.#gone?.();
    this.#gone = undefined;
  }
}
