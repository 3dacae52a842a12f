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
import { GONE, PortWire } from "./port-wire.ts";
import type { SharedQueue } from "./shared-queue.ts";

/**
 * Joins. When the thread that has the queue closes it or is gone, what is asked here is rejected
 * with a ClosedError; what had been sent by then and was not answered, and cannot be done twice,
 * with a LostError that has it as its cause. Rejects with a ClosedError if that has happened
 * already, with an UnreachableError where the queue does not answer, and with a BadOptionError
 * where it is given something else. The port is closed then. `connectTimeoutMs` is how long the
 * queue may take to answer; as other clients wait, if absent.
 */
export async function joinShared(
  shared: SharedQueue,
  connectTimeoutMs?: number,
): Promise<ClientBackend> {
  const limits = connectTimeoutMs === undefined ? {} : { connectTimeoutMs };
  const { port, isDurable } = checked(shared);
  const gone = new ClosedError(GONE);
  const left = new AbortController();
  const opened: { backend?: ClientBackend } = {};
  const over = (): void => {
    left.abort(gone);
    opened.backend?.fail(gone);
    void opened.backend?.close().catch(() => undefined); // who waits has heard why
  };
  port.on("close", over);
  port.unref();
  const target: InProcessTarget = {
    connect(options) {
      left.signal.throwIfAborted();
      return new ClientConnection((listener) => new PortWire(connection(port), listener), options);
    },
  };
  const around = clientSurroundings();
  try {
    opened.backend = await ClientBackend.open({
      name: "shared",
      can: engineCapabilities(isDurable),
      connect: (onError, signal) =>
        connectTo(
          target,
          { ...limits, onError, signal: AbortSignal.any([signal, left.signal]) },
          socketEndpoint,
          around,
        ),
      close: () => Promise.resolve(port.close()),
    });
    return opened.backend;
  } catch (error) {
    port.off("close", over);
    port.close(); // the other thread serves it no more, either
    throw error;
  }
}

/** A connection's port; the other end of it is on its way. */
function connection(port: MessagePort): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port.postMessage(port2, [port2]);
  return port1;
}

/** Throws a BadOptionError. */
function checked(shared: SharedQueue): { readonly port: MessagePort; readonly isDurable: boolean } {
  const given: unknown = shared;
  if (typeof given === "object" && given !== null && "port" in given) {
    const { port } = given;
    if (port instanceof MessagePort) return { port, isDurable: shared.isDurable };
  }
  throw new BadOptionError(
    "joinQueue: expected what shareQueue returned, with its port among what is transferred",
  );
}
