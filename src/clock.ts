/* Clock: time, for whoever runs sessions: what it is now, and being called when it is later.
 *
 * A broker in a program of one's own can be given another one (broker/open-broker.ts), a virtual
 * one for instance. Whoever sleeps on a timer is not what keeps a process alive.
 */

/** Microseconds of a second. */
export const MICROS = 1_000_000;

/** What is to ring later than so many milliseconds rings at once: timers of runtimes do. */
export const RING_MILLIS_MAX = 2_147_483_647;

/** Time. */
export interface Clock {
  /** Microseconds, never running backwards. */
  now(): number;
  /**
   * Calls `ring` once, when at least so many milliseconds have passed; returns what calls that off.
   */
  after(millis: number, ring: () => void): () => void;
}
