/* Embedded back end: a queue in the user's own process, in memory or in a directory, on an engine
 * of its own (broker/open-broker.ts). No server, no socket, no other process.
 *
 * What it asks of the process is what a broker does: no thread but the journal's, no signal, and it
 * keeps the process alive only while somebody waits for something. Handed to users by src/entries/.
 */
import type { Broker } from "../broker/broker.ts";
import type { BrokerOptions } from "../broker/broker-options.ts";
import { connectTo } from "../client/connect.ts";
import type { Clock } from "../clock.ts";
import { clientSurroundings } from "../runtimes/client-surroundings.ts";
import { openBroker } from "../runtimes/node-broker.ts";
import { socketEndpoint } from "../transports/socket-endpoint.ts";
import { ClientBackend } from "../worker/client-backend.ts";
import { engineCapabilities } from "../worker/engine-capabilities.ts";
import { BadOptionError } from "../worker/errors.ts";
import { Sharing } from "./sharing.ts";

/** What may be said about the engine: options of the server, by their names in the code. */
export type EngineOptions = Omit<BrokerOptions, "dataDirectory" | "onBroken">;

/** A queue that is gone with the process. */
export interface MemoryTarget extends EngineOptions {
  readonly memory: true;
}

/** A queue in a directory, which only one process has open at a time. */
export interface DirectoryTarget extends EngineOptions {
  readonly directory: string;
}

/** A queue in this process. */
export type EmbeddedTarget = MemoryTarget | DirectoryTarget;

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
  checkTarget(target);
  let backend: ClientBackend | undefined;
  let broken: Error | undefined;
  let sharing: Sharing | undefined;
  const broker = await openBroker({
    ...engineOptions(target),
    onBroken(error) {
      broken = error;
      backend?.fail(error);
      sharing?.close();
    },
  });
  try {
    sharing = new Sharing(broker, "directory" in target);
    backend = await backendOn(broker, sharing, target, clientClock);
    sharing.offer(backend);
    if (broken !== undefined) throw broken;
    return backend;
  } catch (error) {
    await (backend ?? broker).close();
    throw error;
  }
}

/** A path that is not known must not become a queue in memory. Throws a BadOptionError. */
function checkTarget(target: object): void {
  const { memory, directory } = target as Readonly<Record<string, unknown>>;
  if ("memory" in target && "directory" in target) {
    throw new BadOptionError("a queue is in memory or in a directory, not in both");
  }
  if ("directory" in target) {
    if (typeof directory === "string" && directory !== "") return;
    throw new BadOptionError(`directory: ${String(directory)} is no path`);
  }
  if (memory !== true) throw new BadOptionError("memory: it is true, or there is a directory");
}

function engineOptions(target: EmbeddedTarget): BrokerOptions {
  if ("directory" in target) {
    const { directory, ...options } = target;
    return { ...options, dataDirectory: directory };
  }
  const { memory: _, ...options } = target;
  return options;
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
