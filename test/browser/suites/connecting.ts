/* Connecting: connections to a queue of this page, as one that has joined it has them: each over a
 * message port of its own, to a session in the queue's worker.
 */
import { ClientConnection } from "../../../src/client/connection.ts";
import { WEB_PORTS } from "../../../src/browser/web-ports.ts";
import { PortWire } from "../../../src/embedded/port-wire.ts";
import { portOf } from "../../../src/embedded/shared-queue.ts";
import { shareQueue } from "../../../src/entries/browser.ts";
import type { JobQueue } from "../../../src/entries/browser.ts";
import type { Connect } from "../../support/connect.ts";

export function overPorts(queue: JobQueue): Connect {
  const port = portOf(shareQueue(queue), WEB_PORTS);
  return (options = {}) => {
    const { own, other } = WEB_PORTS.channel();
    port.post(other, [other]);
    return Promise.resolve(
      new ClientConnection((listener) => new PortWire(own, listener), options),
    );
  };
}
