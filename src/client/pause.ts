/* Pause: waiting by a clock, which a signal ends early. Used by link.ts between its rounds, and by
 * a worker before it calls `init` again.
 */
import type { Clock } from "../clock.ts";

/** Resolves after so many milliseconds, or as soon as the signal is aborted. */
export function pause(clock: Clock, millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = (): void => {
      cancel();
      signal.removeEventListener("abort", over);
      resolve();
    };
    const cancel = clock.after(millis, over);
    signal.addEventListener("abort", over);
  });
}
