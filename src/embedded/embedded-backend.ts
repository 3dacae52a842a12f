/* Embedded back end: a queue in the user's own process, in memory or in a directory, on an engine
 * of its own (broker/open-broker.ts). No server, no socket, no other process.
 *
 * What it asks of the process is what a broker does: no thread but the journal's, no signal, and it
 * keeps the process alive only while somebody waits for something. Handed to users by src/entries/.
 */
import type { Broker } from "../broker/broker.ts";
import { connectTo } from "../client/connect.ts";
import type { Clock } from "../clock.ts";
import { clientSurroundings } from "../runtimes/client-surroundings.ts";
import { openBroker } from "../runtimes/node-broker.ts";
import { socketEndpoint } from "../transports/socket-endpoint.ts";
import { ClientBackend } from "../worker/client-backend.ts";
import { engineCapabilities } from "../worker/engine-capabilities.ts";
import { brokerOptionsOf, checkEmbeddedTarget } from "./embedded-target.ts";
import type { EmbeddedTarget } from "./embedded-target.ts";
import { NODE_PORTS } from "./node-ports.ts";
import { offer, Sharing } from "./sharing.ts";

/**
 * Opens a queue in this process. `clientClock` is what its calls' deadlines go by, where time is
 * virtual: there nobody asks whether the engine stands still. Rejects with an OptionError
 * (HM_OPTION), and with a JournalError if the directory cannot be used, for instance because
 * another process has it open.
 */
export async function openEmbedded(
  target: EmbeddedTarget,
  clientClock?: Clock,
): Promise<ClientBackend> {
  checkEmbeddedTarget(target);
  let backend: ClientBackend | undefined;
  let broken: Error | undefined;
  let sharing: Sharing | undefined;
  const broker = await openBroker({
    ...brokerOptionsOf(target),
    onBroken(error) {
      broken = error;
      backend?.fail(error);
      sharing?.close();
    },
  });
  try {
    sharing = new Sharing(broker, "directory" in target, NODE_PORTS);
    backend = await backendOn(broker, sharing, target, clientClock);
    offer(backend, sharing);
    if (broken !== undefined) throw broken;
    return backend;
  } catch (error) {
    await (backend ?? broker).close();
    throw error;
  }
}

function backendOn(
  broker: Broker,
  sharing: Sharing,
  target: EmbeddedTarget,
  clock: Clock | undefined,
): Promise<ClientBackend> {
  const isDurable = "directory" in target;
  const real = clientSurroundings();
  const around = clock === undefined ? real : { ...real, clock };
  const beats = clock === undefined ? {} : { heartbeatMs: Infinity };
  return ClientBackend.open({
    name: isDurable ? "directory" : "memory",
    can: engineCapabilities(isDurable),
    connect: (onError) => connectTo(broker, { onError, ...beats }, socketEndpoint, around),
    async close() {
      await broker.close().finally(() => sharing.close());
    },
  });
}
