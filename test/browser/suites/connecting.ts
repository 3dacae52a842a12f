/* Connecting: connections to a queue of this page, as one that has joined it has them: each over a
 * message port of its own, to a session in the queue's worker.
 */
import { ClientConnection } from "../../../src/client/connection.ts";
import type { WireListener } from "../../../src/client/wire.ts";
import { WEB_PORTS } from "../../../src/browser/web-ports.ts";
import { PortWire } from "../../../src/embedded/port-wire.ts";
import { portOf } from "../../../src/embedded/shared-queue.ts";
import { shareQueue } from "../../../src/entries/browser.ts";
import type { JobQueue } from "../../../src/entries/browser.ts";
import type { Connect } from "../../support/connect.ts";

/** The bytes of connections. */
export function wiresTo(queue: JobQueue): (listener: WireListener) => PortWire {
  const port = portOf(shareQueue(queue), WEB_PORTS);
  return (listener) => {
    const { own, other } = WEB_PORTS.channel();
    port.post(other, [other]);
    return new PortWire(own, listener);
  };
}

/** The connections of clients. */
export function overPorts(queue: JobQueue): Connect {
  const wire = wiresTo(queue);
  return (options = {}) => Promise.resolve(new ClientConnection(wire, options));
}
