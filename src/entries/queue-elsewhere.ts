/* `homemaker` where there is no engine for this process yet, as in a browser: for servers that take
 * WebSockets, and for back ends of one's own.
 */
import type { QueueBackend } from "../worker/backend.ts";
import { UnsupportedError } from "../worker/errors.ts";
import type { JobQueue } from "../worker/job-queue.ts";
import { checkQueueOptions, checkTarget } from "../worker/queue-options.ts";
import { Queue } from "../worker/queue.ts";
import type { QueueOptions } from "../worker/queue.ts";
import { openServer } from "../worker/server-backend.ts";
import type { ServerWebSocketUrl } from "../worker/server-backend.ts";
import { connect } from "./client-elsewhere.ts";

export * from "../worker/public.ts";
export type { ServerWebSocketUrl } from "../worker/server-backend.ts";

/** What may be said about a queue that is opened. */
export interface OpenOptions extends QueueOptions {
  /** What is shown to a server that asks for tokens; a token in the URL comes first. */
  readonly token?: string | undefined;
}

/**
 * Opens a queue on a server, by a WebSocket, or on a back end; of any other target it rejects with
 * an UnsupportedError.
 */
export async function openQueue(
  target: ServerWebSocketUrl | QueueBackend,
  options: OpenOptions = {},
): Promise<JobQueue> {
  checkQueueOptions(options, {}, ["token"]);
  checkTarget(target);
  const { token, ...about } = options;
  if (typeof target === "object" && "put" in target) return new Queue(target, about);
  if (typeof target === "string" && /^wss?:/.test(target)) {
    return new Queue(await openServer(target, connect, { token }), about);
  }
  throw new UnsupportedError("this runtime has no engine for a queue in the process");
}
