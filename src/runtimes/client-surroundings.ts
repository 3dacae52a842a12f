/* Client surroundings: what a client needs of Node, and of Deno and Bun, which offer node:* too.
 *
 * Timers keep no process alive, but while somebody waits for the client there is one that does.
 * Used by src/entries/.
 */
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import type { Surroundings } from "../client/link.ts";

/** The longest that a timer can be set for. */
const FOREVER_MS = 2_147_483_647;

/** One client's. */
export function clientSurroundings(): Surroundings {
  let staying: ReturnType<typeof setInterval> | undefined;
  return {
    clock: { now: () => performance.now() * 1000, after },
    random: Math.random,
    stay(isBusy) {
      clearInterval(staying);
      staying = isBusy ? setInterval(() => undefined, FOREVER_MS) : undefined;
    },
  };
}

function after(millis: number, ring: () => void): () => void {
  const timer = setTimeout(ring, millis).unref();
  return () => clearTimeout(timer);
}
