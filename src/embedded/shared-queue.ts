/* Shared queue: what goes from the thread that has a queue to one that joins it. Its declaration
 * names nothing of Node, so that programs need no types of Node. Made by sharing.ts, taken by
 * join-queue.ts.
 */
import { BadOptionError } from "../worker/errors.ts";
import type { Port, Ports } from "./port.ts";

/**
 * What a thread joins a queue with, once. It is posted, and its port transferred, to one thread.
 */
export interface SharedQueue {
  /** Whether jobs survive the process. */
  readonly isDurable: boolean;
  /** A MessagePort. */
  // eslint-disable-next-line typescript/no-explicit-any -- programs without Node's types have none
  readonly port: any;
}

/**
 * Ports that a queue of this thread was joined by. Whoever leaves closes the port, which would take
 * the connections from another who had it as well.
 */
const taken = new WeakSet<object>();

/**
 * The port of what was given, once. Throws a BadOptionError where it is something else, and where
 * it was taken before, whatever came of that.
 */
export function portOf(shared: unknown, ports: Ports): Port {
  const given: unknown = isObject(shared) && "port" in shared ? shared.port : undefined;
  const port = ports.taken(given);
  if (port === undefined || !isObject(given)) {
    throw new BadOptionError(
      "joinQueue: expected what shareQueue returned, with its port among what is transferred",
    );
  }
  if (taken.has(given)) {
    throw new BadOptionError(
      "joinQueue: this was joined before; shareQueue makes one for each join",
    );
  }
  taken.add(given);
  return port;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
