/* Server door: the door of a server (--json-port): its queue is what the server's own sessions
 * keep. Called by cli/main.ts, driven by server/server.ts.
 */
import { connectTo } from "../client/connect.ts";
import { openWorkerLog } from "../observability/worker-log.ts";
import { clientSurroundings } from "../runtimes/client-surroundings.ts";
import type { JsonService, JsonSurroundings } from "../server/json-service.ts";
import { socketEndpoint } from "../transports/socket-endpoint.ts";
import { directoryBlobs } from "../storage/directory-blobs.ts";
import { BlobBackend } from "../worker/blob-backend.ts";
import type { QueueBackend } from "../worker/backend.ts";
import { ClientBackend } from "../worker/client-backend.ts";
import { engineCapabilities } from "../worker/engine-capabilities.ts";
import type { Logger } from "../worker/logger.ts";
import { Queue } from "../worker/queue.ts";
import { serveJson } from "./json-door.ts";

const SWEEP_MILLIS = 3_600_000;

/** Opens it, from the options' jsonPort and its companions. */
export async function openJson(around: JsonSurroundings): Promise<JsonService> {
  const { options, inProcess, sink, connectionsMax, trouble, quit } = around;
  const backend = await ClientBackend.open({
    name: "this server",
    can: engineCapabilities(options.dataDirectory !== undefined),
    connect: (onError) => connectTo(inProcess, { onError }, socketEndpoint, clientSurroundings()),
    close: () => Promise.resolve(),
  });
  const logger = openWorkerLog({ verbosity: options.verbosity, sink });
  const queue = new Queue(withBlobs(backend, options.jsonBlobs, logger));
  try {
    const door = await serveJson(queue, {
      port: options.jsonPort ?? 0,
      host: options.jsonListen,
      lineBytesMax: options.jsonLineBytes,
      roomBytes: options.jsonRoomBytes,
      connectionsMax,
      trouble,
      logger,
      ...(options.jsonQuit === "loopback" && { onQuit: quit }),
    });
    return {
      address: door.address,
      async stop() {
        await door.close();
        await queue.close();
      },
    };
  } catch (error) {
    await queue.close();
    throw error;
  }
}

/** The directory is this server's alone, so it may be swept. */
function withBlobs(
  backend: QueueBackend,
  directory: string | undefined,
  logger: Logger,
): QueueBackend {
  if (directory === undefined) return backend;
  const { clock } = clientSurroundings();
  const store = directoryBlobs(directory);
  const parts = { store, sweepEveryMillis: SWEEP_MILLIS, now: Date.now, clock, logger };
  return new BlobBackend(backend, parts);
}
