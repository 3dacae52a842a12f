/* Client put: a job of a back end as a client puts it: whole seconds, and tags for what a tag says.
 */
import type { PutOptions, PutTags } from "../client/commands/put.ts";
import type { CallOptions } from "../client/job.ts";
import type { RawJob } from "./backend.ts";

const SECOND = 1000;
/** A delay of more milliseconds than that is told in seconds. */
const DELAY_MILLIS_MAX = 4_294_967_295;

/** How a job is put. */
export function putOptions(job: RawJob, signal?: AbortSignal): PutOptions & CallOptions {
  return {
    pri: job.priority,
    delaySeconds: delaySeconds(job.delayMillis),
    ttrSeconds: Math.max(1, Math.ceil(job.leaseMillis / SECOND)),
    tags: tagsOf(job),
    signal,
  };
}

/** In whole seconds where it is so long that milliseconds cannot be written. */
export function delaySeconds(millis: number): number {
  const whole = Math.ceil(millis);
  return whole > DELAY_MILLIS_MAX ? Math.ceil(whole / SECOND) : whole / SECOND;
}

function tagsOf(job: RawJob): PutTags | undefined {
  const { unique, key, exclusive, expiresMillis, attemptsMax, acknowledge } = job;
  const tags: PutTags = {
    ...(unique && { idp: { key: unique.key, ttlSeconds: seconds(unique.cooldownMillis) } }),
    ...(key !== undefined && { fair: key }),
    ...(exclusive && { con: exclusive }),
    ...(expiresMillis !== undefined && { exp: Math.max(1, seconds(expiresMillis)) }),
    ...(attemptsMax !== undefined && { max: attemptsMax }),
    ...(acknowledge !== undefined && { ack: acknowledge }),
  };
  return Object.keys(tags).length === 0 ? undefined : tags;
}

function seconds(millis: number): number {
  return Math.ceil(millis / SECOND);
}
