/* System clock: time as every runtime has it; the only place where a worker asks for it. */
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
