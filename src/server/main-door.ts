/* Main door: how connections that the main thread has accepted come to sessions of its own
 * (broker/in-process.ts): those of the HTTP port, because a socket stays with the thread that
 * accepted it. They are clients like those of the I/O threads, and the same number bounds them all.
 * Made by server.ts.
 */
import type { InProcess } from "../broker/in-process.ts";
import type { Clock } from "../clock.ts";
import type { Common } from "../engine/common.ts";
import type { Log } from "../log.ts";
import type { Door, TraceSettings } from "../runtime.ts";
import type { TokenBook } from "../session/token-book.ts";
import { openTraced } from "../session/trace.ts";
import { Admission } from "./admission.ts";

/** What it is made of. */
export interface MainDoorParts {
  readonly sessions: InProcess;
  /** The tokens of the queue; absent if it asks for none. */
  readonly book: TokenBook | undefined;
  readonly common: Common;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxConnections: number;
  readonly trace: TraceSettings;
}

/** Makes it. */
export function mainDoor(parts: MainDoorParts): Door {
  const { sessions, book, common, clock, log, maxConnections, trace } = parts;
  const { counters, thread } = sessions.desk;
  const troubled = (message: string): void => log.write("warn", message, { thread });
  const admission = new Admission({ common, counters, maxConnections, clock, troubled });
  let traced = 0;
  return {
    admit: () => admission.admit(),
    left: () => admission.left(),
    knows: (token) => book?.knows(token),
    troubled,
    open(outlet, token) {
      if (trace.verbosity === 0) return sessions.serve(outlet, token);
      return openTraced(
        outlet,
        (own) => sessions.serve(own, token),
        ++traced,
        trace,
        (level, message, fields) => log.write(level, message, { thread, ...fields }),
      );
    },
  };
}
