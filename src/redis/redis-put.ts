/* Redis put: a job of a back end as the words that the script of redis-script.ts puts it by. */
import type { RawJob } from "../worker/backend.ts";
import { UnsupportedError } from "../worker/errors.ts";
import type { Word } from "./redis-link.ts";
import { RedisRefusedError } from "./redis-refused-error.ts";

/** Throws an UnsupportedError, and a RedisRefusedError (HM_JOB_TOO_BIG). */
export function putWords(job: RawJob, bytesMax: number): readonly Word[] {
  const { tube, priority, delayMillis, leaseMillis, unique, expiresMillis, attemptsMax } = job;
  const { key, exclusive } = job;
  checkLacks(job);
  if (job.body.length > bytesMax) {
    const size = `${job.body.length} bytes, and ${bytesMax} are the most`;
    throw new RedisRefusedError("HM_JOB_TOO_BIG", `the body is too long: ${size}`);
  }
  return [
    tube,
    priority,
    Math.ceil(delayMillis),
    Math.max(1, Math.ceil(leaseMillis)),
    unique?.key ?? "",
    Math.ceil(unique?.cooldownMillis ?? 0),
    expiresMillis === undefined ? "" : Math.max(1, Math.ceil(expiresMillis)),
    attemptsMax ?? "",
    job.body,
    key ?? "",
    exclusive?.key ?? "",
    exclusive?.limit ?? "",
  ];
}

function checkLacks({ acknowledge }: RawJob): void {
  if (acknowledge === undefined) return;
  throw new UnsupportedError("redis: this back end has no levels of safety for each job");
}
