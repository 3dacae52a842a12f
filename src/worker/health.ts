/* Health: whether a queue and its workers can be counted on, for whoever asks from outside: a
 * probe, a page, an alarm. Used by programs of users, and behind /readyz of `homemaker work`.
 */
import { asError } from "../client/errors.ts";
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { UnsupportedError } from "./errors.ts";
import type { JobQueue } from "./job-queue.ts";
import type { Worker } from "./worker.ts";

/** How things are. */
export interface Health {
  readonly isHealthy: boolean;
  /** What is not as it should be, a sentence each; empty if all is well. */
  readonly troubles: readonly string[];
}

/** How it is looked. */
export interface HealthOptions {
  /** How long the queue may take to answer; 3 s if absent. */
  readonly timeout?: Duration;
}

const TIMEOUT_DEFAULT = "3s";

/** Asks the queue, and looks at the workers. Never rejects. */
export async function healthOf(
  queue: JobQueue,
  workers: readonly Worker[] = [],
  options: HealthOptions = {},
): Promise<Health> {
  const found = [await queueTrouble(queue, options), ...workers.map(workerTrouble)];
  const troubles = found.filter((trouble) => trouble !== undefined);
  return { isHealthy: troubles.length === 0, troubles };
}

/** Why a queue cannot be counted on; undefined if there is no reason, or it cannot be asked. */
export async function queueTrouble(
  queue: JobQueue,
  { timeout = TIMEOUT_DEFAULT }: HealthOptions = {},
): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(millisOf("timeout", timeout));
    await queue.stats(undefined, { signal });
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    return `the queue does not answer: ${asError(error).name}`;
  }
}

function workerTrouble(worker: Worker): string | undefined {
  const { standing, slots, isSuspended } = worker.status();
  if (standing !== "running") return `${worker.name} does not run: it is ${standing}`;
  if (isSuspended) return `${worker.name} is suspended`;
  return slots === 0 ? `${worker.name} has no slot that is ready` : undefined;
}
