/* Time: what a queue and its workers go by: a clock for all that waits, and what people call the
 * time, which may jump.
 */
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import type { Clock } from "../clock.ts";

/** What time it is. */
export interface Time {
  readonly clock: Clock;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/** The machine's. */
export const SYSTEM_TIME: Time = { clock: SYSTEM_CLOCK, now: Date.now };
