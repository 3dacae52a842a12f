/* Turns: when a socket's connection sends what has been asked of it.
 *
 *   nothing has left just now      in a microtask
 *   something has left just now    at the end of the turn, with all that is asked until then
 *
 * Each `send` is a system call, which costs as much as a short job: what a turn asks bit by bit, as
 * jobs end one after the other, leaves in a few. Where each of them takes its time nothing waits
 * for the next one, which may hold up the event loop. Used by socket-endpoint.ts.
 */
import { nextTick } from "node:process";

/** How long after something has left the next waits for the end of the turn. */
const JUST_NOW_MILLIS = 0.2;

/** Says when one connection sends, as ConnectionOptions have it. `now` is in milliseconds. */
export function sendingByTurns(now: () => number): (send: () => void) => void {
  let leftAt = -Infinity;
  return (send) => {
    const leave = (): void => {
      leftAt = now();
      send();
    };
    if (now() - leftAt >= JUST_NOW_MILLIS) queueMicrotask(leave);
    else queueMicrotask(() => nextTick(leave)); // a microtask's tick comes after all microtasks
  };
}
