/* Isolated: what opens the rooms of a worker whose handlers run in threads or processes: each slot
 * has one. Made by worker.ts, used by slots.ts.
 */
import type { Capabilities } from "./backend.ts";
import { UnsupportedError } from "./errors.ts";
import type { StartChild } from "./isolation.ts";
import { Room } from "./room.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What rooms need of their worker. */
export interface RoomsOwner {
  readonly start: StartChild | undefined;
  readonly can: Capabilities;
  readonly died: (room: Room, error: Error) => void;
}

/** Opens a room, and puts it on the stack. */
export type OpenRoom = (stack: AsyncDisposableStack, signal: AbortSignal) => Promise<Room>;

/** Undefined where handlers are run beside the worker. Throws an UnsupportedError. */
export function roomOpener<State>(
  { isolation, handlers, clock, abortMillis, logger }: WorkerSettings<State>,
  { start, can, died }: RoomsOwner,
): OpenRoom | undefined {
  if (isolation === undefined) return undefined;
  if (start === undefined) {
    throw new UnsupportedError(`isolate: this runtime starts no ${isolation.isolate} for handlers`);
  }
  const jobs = [...handlers.keys()];
  const parts = { start, isolation, jobs, can, clock, abortMillis, logger, died };
  return async (stack, signal) => stack.use(await Room.open(parts, signal));
}
