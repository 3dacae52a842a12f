/* Join queue: the back end of a thread that joined a queue which another one has opened. Handed to
 * users by src/entries/.
 */
import { MessageChannel, MessagePort } from "node:worker_threads";
import { connectTo } from "../client/connect.ts";
import type { InProcessTarget } from "../client/connect.ts";
import { ClientConnection } from "../client/connection.ts";
import { ClosedError } from "../client/errors.ts";
import { clientSurroundings } from "../runtimes/client-surroundings.ts";
import { socketEndpoint } from "../transports/socket-endpoint.ts";
import { ClientBackend } from "../worker/client-backend.ts";
import { engineCapabilities } from "../worker/engine-capabilities.ts";
import { BadOptionError } from "../worker/errors.ts";
import { PortWire } from "./port-wire.ts";
import type { SharedQueue } from "./sharing.ts";

/**
 * Joins. When the thread that has the queue closes it or is gone, everything that is asked here is
 * rejected with a ClosedError. Rejects with one if that has happened already, and with a
 * BadOptionError where it is given something else.
 */
export async function joinShared(shared: SharedQueue): Promise<ClientBackend> {
  const { port, isDurable } = checked(shared);
  const gone = new ClosedError("the thread that has the queue has closed it, or is gone");
  const left = new AbortController();
  const opened: { backend?: ClientBackend } = {};
  port.on("close", () => {
    left.abort(gone);
    opened.backend?.fail(gone);
    void opened.backend?.close().catch(() => undefined); // who waits has heard why
  });
  port.unref();
  const target: InProcessTarget = {
    connect(options) {
      left.signal.throwIfAborted();
      return new ClientConnection((listener) => new PortWire(connection(port), listener), options);
    },
  };
  const around = clientSurroundings();
  const backend = await ClientBackend.open({
    name: "shared",
    can: engineCapabilities(isDurable),
    connect: (onError, signal) =>
      connectTo(
        target,
        { onError, signal: AbortSignal.any([signal, left.signal]) },
        socketEndpoint,
        around,
      ),
    close: () => Promise.resolve(port.close()),
  });
  opened.backend = backend;
  return backend;
}

/** A connection's port; the other end of it is on its way. */
function connection(port: MessagePort): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port.postMessage(port2, [port2]);
  return port1;
}

function checked(shared: SharedQueue): SharedQueue {
  const given: unknown = shared;
  if (typeof given === "object" && given !== null && "port" in given) {
    if (given.port instanceof MessagePort) return shared;
  }
  throw new BadOptionError(
    "joinQueue: expected what shareQueue returned, with its port among what is transferred",
  );
}
