/*
 * Soak jobs: a job whose payload says what its handlers come to, and what is done to it; and one
 * for threads. Loaded by soak.long.test.ts, and by the threads.
 */
import process from "node:process";
import {
  abandon,
  defineJob,
  Discard,
  keepResult,
  retry,
  Snooze,
  unchecked,
} from "../../src/worker/public.ts";
import type { JobContext } from "../../src/worker/public.ts";

export const ACTS = [
  "well",
  "late",
  "fails once",
  "fails for good",
  "is discarded",
  "snoozes",
  "tells progress",
  "is followed",
  "is cancelled",
] as const;
export type Act = (typeof ACTS)[number];

const attempts = { attempts: 3, backoff: () => 0, atLast: abandon() };

export const mixed = defineJob("mixed", {
  payload: unchecked<{ readonly at: number; readonly act: Act }>(),
  result: unchecked<number>(),
  onSuccess: keepResult("1s"),
  onFailure: retry(attempts),
});

/** Follows from others. */
export const follower = defineJob("follower", {
  payload: unchecked<number>(),
  onSuccess: keepResult("1s"),
});

export const threaded = defineJob("threaded", {
  payload: unchecked<number>(),
  result: unchecked<number>(),
  lease: "5s",
  onSuccess: keepResult("1s"),
  onFailure: retry(attempts),
});

/** Each of so many jobs ends its thread, the first time. */
const DEADLY = 400;

export const handlers = [
  threaded.handler((at, { job }) => {
    if (at % DEADLY === 0 && job.attempt === 1) process.exit(3);
    if (at % 10 === 0 && job.attempt < 3) throw new RangeError("a thread's handler threw");
    return at;
  }),
];

/** Does what the payload of a mixed job says. */
export async function runMixed(
  { at, act }: { readonly at: number; readonly act: Act },
  context: JobContext<undefined>,
): Promise<number> {
  const { job, signal, progress, enqueueOnSuccess } = context;
  if (act === "late") await new Promise((resolve) => setTimeout(resolve, 2));
  if (act === "fails once" && job.attempt === 1) throw new TypeError("the first attempt threw");
  if (act === "fails for good") throw new RangeError("it threw", { cause: new Error("by plan") });
  if (act === "is discarded") throw new Discard("it is hopeless");
  if (act === "snoozes" && Date.now() - (job.enqueuedAt?.getTime() ?? 0) < 10) throw new Snooze(10);
  if (act === "tells progress") progress({ at });
  if (act === "is followed") enqueueOnSuccess(follower, at);
  if (act === "is cancelled") signal.throwIfAborted();
  return at;
}
