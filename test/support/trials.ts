/* Trials: how long a cell of the matrix is tried with what has no end of its own: a crowd comes
 * again, a server is killed again, until a time is over.
 */
import { amount } from "./amount.ts";

/** How long servers are tried over each transport on each runtime. */
export const TRIAL_MS = 60_000;
/** How long what takes less in a usual run is tried; 0 is once. */
export const THOROUGH_TRIAL_MS = amount({ usual: 0, thorough: TRIAL_MS });

/**
 * Goes round until so many milliseconds are over, once at least; a round has its number, counted
 * from 0. Rejects as the first round does that does. Resolves with how many there were.
 */
export async function goingRound(
  millis: number,
  round: (index: number) => Promise<void>,
): Promise<number> {
  const end = performance.now() + millis;
  let rounds = 0;
  do await round(rounds++);
  while (performance.now() < end);
  return rounds;
}
