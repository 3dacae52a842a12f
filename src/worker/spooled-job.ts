/* Spooled job: a job as it waits in a spool for the back end that it is for.
 *
 *   {"at":1732871234567,"key":"...","job":{"tube":"mail",...}}<LF>...its body...
 *
 * Written by spool-backend.ts, read by spool-forwarder.ts.
 */
import type { Capabilities, RawJob } from "./backend.ts";
import { encodeHeaded } from "./envelope.ts";

/** A job, when it was enqueued, and the key under which it is put once. */
export interface SpooledJob {
  readonly job: RawJob;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly key: string;
}

/** Where jobs wait in a spool. */
export const SPOOL_TUBE = "spool";

const LF = 0x0a;
/** What is over is put so that it is set aside, and is not run. */
const EXPIRED = { delayMillis: 60_000, expiresMillis: 1000 };
const TEXT = new TextDecoder();

/** What is kept of it. */
export function encodeSpooled({ job: { body, ...job }, at, key }: SpooledJob): Uint8Array {
  return encodeHeaded({ at, key, job }, body);
}

/** What was kept of it. */
export function decodeSpooled(bytes: Uint8Array): SpooledJob {
  const end = bytes.indexOf(LF);
  const head = JSON.parse(TEXT.decode(bytes.subarray(0, end))) as SpooledJob;
  return { ...head, job: { ...head.job, body: bytes.subarray(end + 1) } };
}

/** A job with a key, so that it is put once though it may be sent twice. */
export function keyed(
  job: RawJob,
  key: string,
  { unique }: Capabilities,
  cooldownMillis: number,
): RawJob {
  if (!unique || job.unique !== undefined) return job;
  return { ...job, unique: { key, cooldownMillis } };
}

/** As it is to be put now: its times began when it was enqueued. */
export function asOf({ job, at }: SpooledJob, now: number): RawJob {
  const gone = Math.max(0, now - at);
  const delayMillis = Math.max(0, job.delayMillis - gone);
  if (job.expiresMillis === undefined) return { ...job, delayMillis };
  const expiresMillis = job.expiresMillis - gone;
  return expiresMillis > 0 ? { ...job, delayMillis, expiresMillis } : { ...job, ...EXPIRED };
}
