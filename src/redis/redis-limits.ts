/* Redis limits: how much of what a queue in Redis keeps. */

/** How many failed attempts of a job are kept, the newest. */
export const FAILURES_KEPT = 10;
/** The longest body, unless more is said: what servers take that nobody told otherwise. */
export const JOB_BYTES_MAX = 65_535;
