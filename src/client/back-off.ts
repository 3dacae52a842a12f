/* BackOff: how long to wait before the next attempt to connect.
 *
 * Each attempt that fails doubles the time, up to a limit, and chance takes up to half of it away,
 * so that the clients of a server that comes back do not all come at once.
 */

const FIRST_MILLIS = 50;
const DOUBLINGS_MAX = 30;

/**
 * Milliseconds before an attempt.
 *
 * @param failures attempts that failed since there was a connection; 0: none yet
 * @param random from 0 up to 1
 */
export function backOffMillis(failures: number, mostMillis: number, random: number): number {
  if (failures === 0) return 0;
  const whole = Math.min(mostMillis, FIRST_MILLIS * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
  return whole * (1 - random / 2);
}
