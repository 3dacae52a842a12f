/* Join queue: the back end of a thread that joined a queue which another one has opened, on Node,
 * Deno and Bun. Handed to users by src/entries/.
 */
import { clientSurroundings } from "../runtimes/client-surroundings.ts";
import { socketEndpoint } from "../transports/socket-endpoint.ts";
import type { ClientBackend } from "../worker/client-backend.ts";
import { joinPort } from "./joining.ts";
import { NODE_PORTS } from "./node-ports.ts";
import { portOf } from "./shared-queue.ts";
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
  const { backend } = await joinPort(portOf(shared, NODE_PORTS), {
    name: "shared",
    isDurable: shared.isDurable,
    connectTimeoutMs,
    ports: NODE_PORTS,
    around: clientSurroundings(),
    endpointOf: socketEndpoint,
  });
  return backend;
}
