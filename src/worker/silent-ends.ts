/* Silent ends: attempts that ended without a word, because their workers died or did not renew
 * their leases: recognised by the next worker, before it runs the job.
 *
 * They are counted like those that threw: the failure mode decides, with a WorkerDied. A job that
 * has ended so once is run at once, since a worker may die of anything; one that has twice or more
 * waits first, so that it does not kill all workers at full speed: until so much time has passed,
 * or once for each worker that it comes to, whose clock may not be that of the queue. Used by
 * worker.ts.
 */
import type { Arrival } from "./arrival.ts";
import type { QueueBackend, RawFailure } from "./backend.ts";
import type { Fate, JobEnds } from "./job-end.ts";
import { Recent } from "./recent.ts";
import { WorkerDied } from "./thrown.ts";

/** What is known of the attempts that ended so, one after the other, up to the newest. */
interface SilentEnds {
  readonly error: WorkerDied;
  readonly times: number;
  /** When the newest one ended, in milliseconds since 1970. */
  readonly at: number;
}

/** What looks at the jobs of one worker that were tried before. */
export class SilentLook {
  readonly #backend: QueueBackend;
  readonly #ends: JobEnds;
  readonly #now: () => number;
  readonly #waits = new SilentWaits();

  constructor(backend: QueueBackend, ends: JobEnds, now: () => number) {
    this.#backend = backend;
    this.#ends = ends;
    this.#now = now;
  }

  /** What became of a job because of such ends; undefined if it is to be run. */
  async fateOf<State>(arrival: Arrival<State>): Promise<Fate | undefined> {
    const { held, event } = arrival;
    const silent = await silentEnds(this.#backend, event.id);
    if (silent === undefined || !held.isHeld) return undefined;
    const failure = { error: silent.error, attempt: event.attempt - 1, job: event };
    const verdict = await this.#ends.verdict(arrival, failure);
    if (verdict.do !== "retry") return this.#ends.carryOut(arrival, verdict, failure);
    const millis = this.#waits.afterMillis(silent, event, verdict.afterMillis, this.#now());
    if (millis === 0) return undefined;
    return this.#ends.handBack(held, event.type, silent.error.message, millis);
  }
}

/** Undefined if the newest attempt said something, or nothing is known of it. */
async function silentEnds(backend: QueueBackend, id: string): Promise<SilentEnds | undefined> {
  if (!backend.can.failures) return undefined;
  const status = await backend.status(id);
  const failures = (status?.failures ?? []).toSorted((one, other) => one.attempt - other.attempt);
  const last = failures.at(-1);
  if (last === undefined || !isSilent(last)) return undefined;
  const spoken = failures.findLastIndex((failure) => !isSilent(failure));
  const times = failures.length - 1 - spoken;
  return { error: new WorkerDied(times, last.end), times, at: last.at.getTime() };
}

/** The jobs that one worker has made wait. */
class SilentWaits {
  readonly #attempts = new Recent<number>();

  /**
   * How long a job waits before that attempt; 0 if it need not, or has.
   *
   * @param wholeMillis how long after its newest end it may be run
   */
  afterMillis(
    { times, at }: SilentEnds,
    job: { readonly id: string; readonly attempt: number },
    wholeMillis: number,
    nowMillis: number,
  ): number {
    const left = wholeMillis - Math.max(0, nowMillis - at);
    if (times < 2 || left <= 0 || this.#attempts.get(job.id) === job.attempt) {
      this.#attempts.delete(job.id);
      return 0;
    }
    this.#attempts.set(job.id, job.attempt);
    return left;
  }
}

function isSilent({ end, message }: RawFailure): boolean {
  return (end === "timed-out" || end === "connection-lost") && message === undefined;
}
