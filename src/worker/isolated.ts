/* Isolated: the settings of a worker whose handlers run in threads or processes: each slot has one,
 * which is its state. Used by worker.ts.
 */
import type { Capabilities } from "./backend.ts";
import { UnsupportedError } from "./errors.ts";
import type { Isolation, StartChild } from "./isolation.ts";
import { Room } from "./room.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What rooms need of their worker. */
export interface RoomsOwner {
  readonly start: StartChild | undefined;
  readonly can: Capabilities;
  readonly died: (room: Room, error: Error) => void;
}

/** The settings of a worker with a room for each slot. Throws an UnsupportedError. */
export function isolatedSettings<State>(
  settings: WorkerSettings<State>,
  isolation: Isolation,
  { start, can, died }: RoomsOwner,
): WorkerSettings<Room> {
  if (start === undefined) {
    throw new UnsupportedError(`isolate: this runtime starts no ${isolation.isolate} for handlers`);
  }
  const { clock, abortMillis, logger } = settings;
  const jobs = [...settings.handlers.keys()];
  const parts = { start, isolation, jobs, can, clock, abortMillis, logger, died };
  return {
    ...(settings as unknown as WorkerSettings<Room>), // none of whose handlers is run here
    init: async (stack, signal) => stack.use(await Room.open(parts, signal)),
  };
}
