/*
 * Counters: which counter of a thread's row in the common memory (engine/common.ts) counts what, of
 * those that the sessions keep.
 */

import { OP_COUNT } from "../protocol/commands.ts";
import { COUNTER_FREE } from "../engine/common.ts";

/** Commands that were accepted: this and the operation's number (OP of protocol/commands.ts). */
export const COUNTER_OPS = COUNTER_FREE;
/** Open connections that have put a job. */
export const COUNTER_PRODUCERS = COUNTER_OPS + OP_COUNT;
/** Open connections that have reserved, or asked to. */
export const COUNTER_WORKERS = COUNTER_PRODUCERS + 1;
/** Open connections that are waiting for a job. */
export const COUNTER_WAITING = COUNTER_WORKERS + 1;
/** Puts that were not taken: this and the place of the reason in REFUSALS. */
export const COUNTER_REFUSALS = COUNTER_WAITING + 1;
/** Why a put is not taken, as metrics label it. */
export const REFUSALS = ["tube-full", "job-too-big", "draining", "out-of-memory"] as const;

/** Batches that were refused. */
export const COUNTER_BATCHES_REFUSED = COUNTER_REFUSALS + REFUSALS.length;
/** Results that were to be kept and found no room. */
export const COUNTER_RESULTS_LOST = COUNTER_BATCHES_REFUSED + 1;
/** All counters have smaller numbers. */
export const COUNTER_END = COUNTER_RESULTS_LOST + 1;

/** Counts a put that is not taken. */
export function countRefusal(desk: Counting, reason: (typeof REFUSALS)[number]): void {
  desk.count(COUNTER_REFUSALS + REFUSALS.indexOf(reason), 1);
}

/** The desk, as far as it counts. */
interface Counting {
  count(counter: number, by: number): void;
}
