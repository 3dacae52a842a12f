/* Shared queue: what goes from the thread that has a queue to one that joins it. Its declaration
 * names nothing of Node, so that programs need no types of Node. Made by sharing.ts, taken by
 * join-queue.ts.
 */
import { BadOptionError } from "../worker/errors.ts";
import type { Port, Ports } from "./port.ts";

/** What a thread joins a queue with. It is posted, and its port transferred, to one thread. */
export interface SharedQueue {
  /** Whether jobs survive the process. */
  readonly isDurable: boolean;
  /** A MessagePort. */
  // eslint-disable-next-line typescript/no-explicit-any -- programs without Node's types have none
  readonly port: any;
}

/** The port of what was given. Throws a BadOptionError where it is something else. */
export function portOf(shared: unknown, ports: Ports): Port {
  const given = typeof shared === "object" && shared !== null && "port" in shared ? shared.port : 0;
  const port = ports.taken(given);
  if (port !== undefined) return port;
  throw new BadOptionError(
    "joinQueue: expected what shareQueue returned, with its port among what is transferred",
  );
}
