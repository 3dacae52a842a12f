/* System clock: time as every runtime has it, for a worker, and for a client where nothing more is
 * known of the runtime. Its timers keep a process alive: where there is node:timers a client has
 * others (runtimes/client-surroundings.ts).
 */
import type { Clock } from "../clock.ts";

const MILLI_MICROS = 1000;

/** The runtime's own. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now() * MILLI_MICROS,
  after(millis, ring) {
    const timer = setTimeout(ring, millis);
    return () => clearTimeout(timer);
  },
};
