/* Silent ends: attempts that ended without a word, because their workers died or did not renew
 * their leases: recognised by the next worker, before it runs the job.
 *
 * They are counted like those that threw: the failure mode decides, with a WorkerDied. A job that
 * has ended so once is run at once, since a worker may die of anything; one that has twice or more
 * waits first, so that it does not kill all workers at full speed. Used by worker.ts.
 */
import type { QueueBackend, RawFailure } from "./backend.ts";
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

function isSilent({ end, message }: RawFailure): boolean {
  return (end === "timed-out" || end === "connection-lost") && message === undefined;
}
