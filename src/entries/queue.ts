/* `homemaker` on Node, Deno and Bun: the queue, and what keeps its jobs: an engine in this process,
 * a server, a Redis, or a RabbitMQ.
 */
import { openEmbedded } from "../embedded/embedded-backend.ts";
import type { EmbeddedTarget } from "../embedded/embedded-target.ts";
import { joinShared } from "../embedded/join-queue.ts";
import { sharedOf } from "../embedded/sharing.ts";
import type { SharedQueue } from "../embedded/shared-queue.ts";
import { openSpooled, SPOOL, spooledTarget } from "../embedded/open-spooled.ts";
import { openSpool } from "../embedded/spool-directory.ts";
import type { RabbitTarget } from "../rabbitmq/rabbit-options.ts";
import { openRabbit } from "../rabbitmq/rabbit-target.ts";
import type { RedisTarget } from "../redis/redis-options.ts";
import { openRedis } from "../redis/redis-target.ts";
import { clientSurroundings } from "../runtimes/client-surroundings.ts";
import { BadOptionError } from "../worker/errors.ts";
import { TLS_SETTINGS } from "../client/tls-settings.ts";
import type { TlsSettings } from "../client/tls-settings.ts";
import type { SpoolOptions } from "../worker/spool-backend.ts";
import type { QueueBackend } from "../worker/backend.ts";
import type { BlobOptions } from "../worker/blob-store.ts";
import type { JobQueue } from "../worker/job-queue.ts";
import { checkQueueOptions, checkTarget } from "../worker/queue-options.ts";
import { Queue } from "../worker/queue.ts";
import type { QueueOptions } from "../worker/queue.ts";
import { startChild } from "../runtimes/children.ts";
import { refuseOldNode } from "../runtimes/needed-node.ts";
import { thisPlace } from "../runtimes/place.ts";
import { startVoucher } from "../runtimes/voucher.ts";
import { BLOBS, openWithBlobs } from "../worker/open-with-blobs.ts";
import { openServer } from "../worker/server-backend.ts";
import type { ServerUrl } from "../worker/server-backend.ts";
import { labelOf, openSpread } from "../worker/open-spread.ts";
import { createWorkerOn } from "../worker/worker.ts";
import type { Worker } from "../worker/worker.ts";
import type { WorkerOptions } from "../worker/worker-options.ts";
import { connect } from "./client.ts";

export type {
  DirectoryTarget,
  EmbeddedTarget,
  EngineOptions,
  MemoryTarget,
} from "../embedded/embedded-target.ts";
export type { SharedQueue } from "../embedded/shared-queue.ts";
export { directoryBlobs } from "../storage/directory-blobs.ts";
export { serveJson } from "../json/json-door.ts";
export type { JsonDoor, JsonDoorOptions } from "../json/json-door.ts";
export type { CallRecord } from "../json/call-log.ts";
export type { RabbitTarget } from "../rabbitmq/rabbit-options.ts";
export type { RedisTarget } from "../redis/redis-options.ts";
export { runUntilSignal } from "../runtimes/until-signal.ts";
export * from "../worker/public.ts";
export type { TlsSettings } from "../client/tls-settings.ts";
export type { ServerUrl, ServerWebSocketUrl } from "../worker/server-backend.ts";

refuseOldNode();

/** Where a Redis is. */
export type RedisUrl = `redis://${string}` | `rediss://${string}`;

/** Where a RabbitMQ is. */
export type RabbitUrl = `amqp://${string}` | `amqps://${string}`;

/** Several that know nothing of each other: jobs go round those that are there. */
export interface SpreadQueueTarget {
  readonly spread: readonly Exclude<QueueTarget, SpreadQueueTarget>[];
}

/** What may be said about a queue that is opened. */
export interface OpenOptions extends QueueOptions {
  /** Takes jobs while the back end is away, and delivers them when it is back. */
  readonly spool?: SpoolOptions;
  /** Where bodies of jobs lie that are too big for the queue; if absent, they are refused. */
  readonly blobs?: BlobOptions;
  /** Of servers that speak TLS: whom to trust, and what to show. */
  readonly tls?: TlsSettings | undefined;
  /** What is shown to servers that ask for tokens; a token in the URL comes first. */
  readonly token?: string | undefined;
}

const WORDS = ["token"];
const PARTS = { spool: SPOOL, blobs: BLOBS, tls: TLS_SETTINGS };

/** Where the jobs are. */
export type QueueTarget =
  | EmbeddedTarget
  | ServerUrl
  | RedisUrl
  | RedisTarget
  | RabbitUrl
  | RabbitTarget
  | SpreadQueueTarget
  | QueueBackend;

/**
 * Opens a queue: `{ memory: true }` is gone with the process, `{ directory: "./jobs" }` survives
 * it, `"homemaker://127.0.0.1"` and `"ws://127.0.0.1:11302"` are a server's, `"redis://127.0.0.1"`
 * is in a Redis, `"amqp://127.0.0.1"` in a RabbitMQ, `{ spread: [...] }` is on several of these,
 * and a back end of one's own is what it is. Rejects with an error of the code HM_OPTION, with a
 * JournalError when the directory cannot be used, for instance while another process has it open,
 * and with an UnreachableError (HM_UNREACHABLE).
 */
export async function openQueue(target: QueueTarget, options: OpenOptions = {}): Promise<JobQueue> {
  checkQueueOptions(options, PARTS, WORDS); // before anything is opened
  checkTarget(target);
  const { spool, blobs, tls, token, ...about } = options;
  const backend = await spooledBackend(target, spool, { ...about, tls, token });
  return openWithBlobs(backend, blobs, about, clientSurroundings().clock);
}

async function spooledBackend(
  target: QueueTarget,
  spool: SpoolOptions | undefined,
  options: OpenOptions,
): Promise<QueueBackend> {
  const open = (): Promise<QueueBackend> => backendOf(target, options);
  if (spool === undefined) return open();
  return openSpooled(spooledTarget(target, open), spool, options, openSpool);
}

/**
 * Lets one more thread of the program use a queue that was opened here with `{ memory: true }` or
 * `{ directory }`: what is returned is posted to it, `port` among what is transferred, and is good
 * for one `joinQueue`. Throws an UnsupportedError (HM_NOT_SUPPORTED) of other queues, which each
 * thread opens for itself.
 */
export function shareQueue(queue: JobQueue): SharedQueue {
  return sharedOf(queue.backend);
}

/**
 * Joins a queue that another thread shares. Closing it leaves it; when the thread that opened it
 * closes it, or is gone, what is asked here rejects with HM_CLOSED, and with HM_LOST what had been
 * sent and may have been done. Rejects with an error of the code HM_OPTION, also of what
 * was joined before, with HM_CLOSED, or with HM_UNREACHABLE where the queue does not answer; then
 * the port is closed.
 */
export async function joinQueue(
  shared: SharedQueue,
  options: QueueOptions = {},
): Promise<JobQueue> {
  checkQueueOptions(options);
  return new Queue(await joinShared(shared), options);
}

/**
 * Makes a worker, which does nothing before `run`. Throws a BadOptionError, and an UnsupportedError
 * where the runtime cannot isolate handlers as it was asked to.
 */
export function createWorker<State = undefined>(
  queue: JobQueue,
  options: WorkerOptions<State>,
): Worker {
  return createWorkerOn({ startChild, startVoucher, place: thisPlace() }, queue, options);
}

async function backendOf(target: QueueTarget, options: OpenOptions): Promise<QueueBackend> {
  if (typeof target === "string") {
    if (isRedis(target)) return openRedis({ redis: target });
    return isRabbit(target)
      ? openRabbit({ rabbitmq: target })
      : openServer(target, connect, options);
  }
  if ("spread" in target) {
    if (!Array.isArray(target.spread)) throw new BadOptionError("spread: an array of targets");
    const members = target.spread.map((one, place) => {
      checkTarget(one);
      const isHere = typeof one === "object" && ("memory" in one || "directory" in one);
      return { label: labelOf(one, place), open: () => backendOf(one, options), isHere };
    });
    return openSpread(members, options);
  }
  if ("redis" in target) return openRedis(target);
  if ("rabbitmq" in target) return openRabbit(target);
  if ("put" in target) return target;
  if ("memory" in target || "directory" in target) return openEmbedded(target);
  throw new BadOptionError("openQueue: expected a URL, { memory: true } or { directory: path }");
}

function isRedis(url: string): url is RedisUrl {
  return /^rediss?:\/\//.test(url);
}

function isRabbit(url: string): url is RabbitUrl {
  return /^amqps?:\/\//.test(url);
}
