/* Raw job: a job as back ends take it, of its definition, its payload and what was said when it was
 * enqueued.
 */
import type { Capabilities, RawJob } from "./backend.ts";
import { millisOf } from "./duration.ts";
import { ENQUEUE_OPTIONS, rawExclusive, rawUnique } from "./enqueue-options.ts";
import type { EnqueueOptions } from "./enqueue-options.ts";
import { BadOptionError, UnsupportedError } from "./errors.ts";
import type { AnyJob, JobKeys, Prepared } from "./job-definition.ts";
import { keyWord } from "./key.ts";
import { checkNames } from "./known-options.ts";
import { priorityNumber } from "./priority.ts";
import type { TraceContext } from "./trace-context.ts";

/** The job. Throws a BadOptionError, and an UnsupportedError where the back end lacks something. */
export function rawJob(
  job: AnyJob,
  prepared: Prepared<unknown>,
  options: EnqueueOptions,
  can: Capabilities,
  nowMillis: number,
  trace?: TraceContext,
): RawJob {
  const { settings, name, tube } = job;
  checkNames(name, options, ENQUEUE_OPTIONS);
  const { unique, key, exclusive }: JobKeys = {
    ...job.keysOf(prepared.payload),
    ...keysIn(options),
  };
  const expires = options.expiresAfter;
  const raw: RawJob = {
    tube,
    body: prepared.body({ at: nowMillis, ...(key !== undefined && { key }), ...trace }),
    priority: options.priority === undefined ? settings.priority : priorityNumber(options.priority),
    delayMillis: delayOf(job, options, nowMillis),
    leaseMillis: settings.leaseMillis,
    unique: unique === undefined ? undefined : rawUnique(name, unique),
    key: key === undefined ? undefined : keyWord("key", key),
    exclusive: exclusive === undefined ? undefined : rawExclusive(exclusive),
    expiresMillis:
      expires === undefined ? settings.expiresMillis : millisOf("expiresAfter", expires),
    attemptsMax: settings.attemptsMax,
    acknowledge: settings.acknowledge,
  };
  check(raw, name, can);
  return raw;
}

/** Those of a call; what it leaves out the definition says. */
function keysIn({ unique, key, exclusive }: EnqueueOptions): JobKeys {
  return {
    ...(unique !== undefined && { unique }),
    ...(key !== undefined && { key }),
    ...(exclusive !== undefined && { exclusive }),
  };
}

function delayOf({ settings }: AnyJob, options: EnqueueOptions, nowMillis: number): number {
  const { delay, runAt } = options;
  if (runAt === undefined) {
    return delay === undefined ? settings.delayMillis : millisOf("delay", delay);
  }
  if (delay !== undefined) throw new BadOptionError("a job has a delay or a runAt, not both");
  const millis = runAt.getTime() - nowMillis;
  if (Number.isNaN(millis)) throw new BadOptionError("runAt: that is no date");
  return Math.max(0, millis);
}

/** What a job may need, and a back end may not know. Left out, a job would run wrongly. */
function check(raw: RawJob, name: string, can: Capabilities): void {
  const lacks = [
    raw.unique !== undefined && !can.unique && "unique keys",
    raw.exclusive !== undefined && !can.exclusive && "keys of which only so many jobs run",
    raw.key !== undefined && !can.fair && "a fair share of keys",
    raw.expiresMillis !== undefined && !can.expiry && "jobs that expire",
    raw.attemptsMax !== undefined && !can.attemptsMax && "a limit of attempts",
    raw.delayMillis > 0 && can.delay === "none" && "delays",
  ].find((lack) => typeof lack === "string");
  if (lacks === undefined) return;
  throw new UnsupportedError(`${name}: this back end has no ${lacks}`);
}
