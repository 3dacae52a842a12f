/* Silent ends: attempts that ended without a word, because their workers died or did not renew
 * their leases: recognised by the next worker, before it runs the job.
 *
 * They are counted like those that threw: the failure mode decides, with a WorkerDied. A job that
 * has ended so once is run at once, since a worker may die of anything; one that has twice or more
 * waits first, so that it does not kill all workers at full speed: until so much time has passed,
 * or once for each worker that it comes to, whose clock may not be that of the queue. Used by
 * worker.ts.
 */
import type { QueueBackend, RawFailure } from "./backend.ts";
import { Recent } from "./recent.ts";
import { WorkerDied } from "./thrown.ts";

/** What is known of the attempts that ended so, one after the other, up to the newest. */
export interface SilentEnds {
  readonly error: WorkerDied;
  readonly times: number;
  /** When the newest one ended, in milliseconds since 1970. */
  readonly at: number;
}

/** Undefined if the newest attempt said something, or nothing is known of it. */
export async function silentEnds(
  backend: QueueBackend,
  id: string,
): Promise<SilentEnds | undefined> {
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
export class SilentWaits {
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
