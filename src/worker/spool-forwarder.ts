/* SpoolForwarder: takes jobs out of a spool, in their order, and puts them where they belong.
 *
 * Invariants: a job leaves the spool when it is there, or was refused for good: then it is buried
 * in the spool, with the reason. One that is sent twice, because the answer was lost, has the same
 * key both times. What the spool keeps of a job that was delivered is its id there. Made by
 * spool-backend.ts.
 */
import { backOffMillis } from "../client/back-off.ts";
import { asError, TimeoutError, UnreachableError } from "../client/errors.ts";
import { pause } from "../client/pause.ts";
import type { Clock } from "../clock.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";
import type { Consumer, HeldJob, PutOutcome, QueueBackend } from "./backend.ts";
import type { RawJob } from "./backend.ts";
import type { Abortable } from "./enqueue-options.ts";
import { encodeFailure, serializeError } from "./serialized-error.ts";
import { asOf, decodeSpooled, keyed, SPOOL_TUBE } from "./spooled-job.ts";

/** What a forwarder works with. */
export interface ForwarderParts {
  /** Where the jobs wait. */
  readonly store: QueueBackend;
  /** Where they belong. */
  readonly target: QueueBackend;
  readonly now: () => number;
  readonly clock: Clock;
  /** How long the target may take to answer. */
  readonly waitMillis: number;
  /** How long it remembers the keys of jobs that are done. */
  readonly cooldownMillis: number;
  /** A job was refused for good. */
  readonly refused: (error: Error) => void;
  /** Something went wrong that is tried again. */
  readonly troubled: (error: unknown) => void;
}

const WINDOW = 100;
const AGAIN_MILLIS_MAX = 2000;
const FULL_MILLIS = 1000;
/** Who asks for a job that was spooled learns for so long where it is. */
const KNOWN_MILLIS = 86_400_000;
/** It would be refused again. */
const REFUSALS = new Set(["HM_JOB_TOO_BIG", "HM_NOT_SUPPORTED", "HM_BAD_COMMAND", "HM_OPTION"]);
const BYTES = new TextEncoder();

/** Brings jobs from one place to another. */
export class SpoolForwarder {
  readonly #parts: ForwarderParts;
  readonly #consumer: Consumer;
  readonly #ending = new AbortController();
  #waiting: HeldJob[] = [];
  #running: Promise<void> | undefined;
  #pending: number;
  readonly #emptied: (() => void)[] = [];

  /** `pending` is how many jobs wait there. */
  static async open(parts: ForwarderParts): Promise<SpoolForwarder> {
    const { available, scheduled, active } = await parts.store.stats(SPOOL_TUBE);
    return new SpoolForwarder(parts, available + scheduled + active);
  }

  private constructor(parts: ForwarderParts, pending: number) {
    this.#parts = parts;
    this.#pending = pending;
    this.#consumer = parts.store.consume([SPOOL_TUBE], {
      window: WINDOW,
      take: (held) => this.#take(held),
      troubled: parts.troubled,
    });
  }

  /** Jobs that are in the spool, or on their way into it. */
  get pending(): number {
    return this.#pending;
  }

  /** Resolves when none is. */
  empty(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** So many more are, or are not, on their way into the spool. */
  count(jobs: number): void {
    this.#pending += jobs;
    if (this.#pending === 0) for (const tell of this.#emptied.splice(0)) tell();
  }

  /** What is under way is waited for; what waits stays in the spool. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#consumer.close();
    for (const tell of this.#emptied.splice(0)) tell();
  }

  #take(held: HeldJob): void {
    this.#waiting.push(held);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    for (let failures = 0; this.#waiting.length > 0 && !signal.aborted;) {
      try {
        await this.#deliver();
        failures = 0;
      } catch (error) {
        failures++;
        if (failures === 1) this.#parts.troubled(error);
        const { clock } = this.#parts;
        await pause(clock, backOffMillis(failures, AGAIN_MILLIS_MAX, Math.random()), signal);
      }
    }
    this.#running = undefined;
  }

  /** Rejects where the target cannot take a job now. */
  async #deliver(): Promise<void> {
    const batch = await this.#next();
    if (batch.length === 0) return;
    const { target, now, cooldownMillis } = this.#parts;
    const jobs = batch.map((held) => {
      const spooled = decodeSpooled(held.body);
      return keyed(asOf(spooled, now()), spooled.key, target.can, cooldownMillis);
    });
    const outcomes = await putWithin(jobs, { ...this.#parts, signal: this.#ending.signal });
    const ended = await Promise.allSettled(batch.map((held, at) => this.#end(held, outcomes[at])));
    const gone = new Set(batch.filter((_, at) => ended[at]?.status === "fulfilled"));
    this.#waiting = this.#waiting.filter((held) => !gone.has(held));
    const failed = ended.find((one) => one.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Those that are next, without those that are not held any more. */
  async #next(): Promise<readonly HeldJob[]> {
    const cancelled = this.#waiting.filter((held) => held.signal.aborted && held.isHeld);
    await Promise.allSettled(cancelled.map((held) => held.handBack())); // so they are gone
    const lost = this.#waiting.filter((held) => !held.isHeld);
    this.#waiting = this.#waiting.filter((held) => held.isHeld);
    this.count(-lost.filter((held) => cancelled.includes(held)).length);
    return this.#waiting.slice(0, WINDOW);
  }

  /** Rejects where it has to be tried again. */
  async #end(held: HeldJob, outcome: PutOutcome | undefined): Promise<void> {
    if (outcome === undefined) throw new RangeError("the back end said nothing of a job");
    if ("id" in outcome) {
      await held.complete({ result: BYTES.encode(outcome.id), keepMillis: KNOWN_MILLIS });
    } else {
      const { error } = outcome;
      const code = error instanceof HomemakerError ? error.code : "";
      if (code === "HM_TUBE_FULL") return held.handBack({ afterMillis: FULL_MILLIS });
      if (!REFUSALS.has(code)) throw error;
      await held.bury({ failure: encodeFailure(serializeError(error)) });
      this.#parts.refused(error);
    }
    this.count(-1);
  }
}

/**
 * Puts jobs. Where that takes too long it rejects: with an UnreachableError where there is no way
 * to the target, else with a TimeoutError: nobody knows whether they are there.
 */
export async function putWithin(
  jobs: readonly RawJob[],
  {
    target,
    clock,
    waitMillis,
    signal,
  }: Pick<ForwarderParts, "target" | "clock" | "waitMillis"> & Abortable,
): Promise<readonly PutOutcome[]> {
  const late = (): Error =>
    target.isUp === false
      ? new UnreachableError(`${target.name}: no answer within ${waitMillis} ms`)
      : new TimeoutError(`${target.name}: put`, waitMillis, true);
  const ending = new AbortController();
  const over = Promise.withResolvers<never>();
  const end = (why: Error): void => {
    ending.abort(why);
    over.reject(why);
  };
  const abort = (): void => end(asError(signal?.reason));
  const cancel = clock.after(waitMillis, () => end(late()));
  signal?.addEventListener("abort", abort);
  try {
    const putting = target.put(jobs, { signal: ending.signal });
    putting.catch(() => undefined); // it may come to nothing long after
    return await Promise.race([putting, over.promise]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", abort);
  }
}
