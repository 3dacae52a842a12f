/* `homemaker/browser`: the queue in a browser, on an engine in workers of the page, and those of
 * servers, by WebSockets; and the client.
 */
import { PAGE } from "../browser/page-surroundings.ts";
import { joinInBrowser, openInPage } from "../browser/page-queue.ts";
import type { PageTarget } from "../browser/page-queue.ts";
import { openPageSpool } from "../browser/page-spool.ts";
import { openSpooled, SPOOL, spooledTarget } from "../embedded/open-spooled.ts";
import { sharedOf } from "../embedded/sharing.ts";
import type { SharedQueue } from "../embedded/shared-queue.ts";
import type { QueueBackend } from "../worker/backend.ts";
import type { BlobOptions } from "../worker/blob-store.ts";
import { BadOptionError } from "../worker/errors.ts";
import type { JobQueue } from "../worker/job-queue.ts";
import { checkQueueOptions, checkTarget } from "../worker/queue-options.ts";
import { BLOBS, openWithBlobs } from "../worker/open-with-blobs.ts";
import { Queue } from "../worker/queue.ts";
import type { QueueOptions } from "../worker/queue.ts";
import { openServer } from "../worker/server-backend.ts";
import type { ServerWebSocketUrl } from "../worker/server-backend.ts";
import type { SpoolOptions } from "../worker/spool-backend.ts";
import { connect } from "./client-elsewhere.ts";

export * from "../client/public.ts";
export * from "../worker/public.ts";
export { directoryBlobs } from "../browser/origin-blobs.ts";
export type { Done } from "../worker/from-callback.ts"; // the client has another
export type { PageDirectoryTarget, PageMemoryTarget, PageTarget } from "../browser/page-queue.ts";
export type { SharedQueue } from "../embedded/shared-queue.ts";
export type { ServerWebSocketUrl } from "../worker/server-backend.ts";
export { connect } from "./client-elsewhere.ts";

/** What may be said about a queue that is opened. */
export interface OpenOptions extends QueueOptions {
  /** Takes jobs while the server is away, in this browser, and delivers them when it is back. */
  readonly spool?: SpoolOptions;
  /** Where bodies of jobs lie that are too big for the queue; if absent, they are refused. */
  readonly blobs?: BlobOptions;
  /** What is shown to a server that asks for tokens; a token in the URL comes first. */
  readonly token?: string | undefined;
}

const PARTS = { spool: SPOOL, blobs: BLOBS };

/** Where the jobs are. */
export type QueueTarget = PageTarget | ServerWebSocketUrl | QueueBackend;

/**
 * Opens a queue: `{ memory: true }` is gone with the page, `{ directory: "jobs" }` survives it in
 * this browser, `"ws://127.0.0.1:11302"` is a server's, and a back end of one's own is what it is.
 * Rejects with an error of the code HM_OPTION, with HM_NOT_SUPPORTED where this page may not share
 * memory with its workers, with a JournalError when the directory cannot be used, for instance
 * while another page has it open, and with an UnreachableError (HM_UNREACHABLE).
 */
export async function openQueue(target: QueueTarget, options: OpenOptions = {}): Promise<JobQueue> {
  checkQueueOptions(options, PARTS, ["token"]); // before anything is opened
  checkTarget(target);
  const { spool, blobs, token, ...about } = options;
  const open = (): Promise<QueueBackend> => backendOf(target, token);
  const spooled = async (own: SpoolOptions): Promise<QueueBackend> =>
    openSpooled(spooledTarget(target, open), own, about, openPageSpool);
  const backend = await (spool === undefined ? open() : spooled(spool));
  return openWithBlobs(backend, blobs, about, PAGE.around.clock);
}

async function backendOf(target: QueueTarget, token: string | undefined): Promise<QueueBackend> {
  if (typeof target === "string") return openServer(target, connect, { token });
  if ("put" in target) return target;
  if ("memory" in target || "directory" in target) return openInPage(target);
  throw new BadOptionError("openQueue: expected a URL, { memory: true } or { directory: name }");
}

/**
 * Lets a worker of this page use a queue that was opened here with `{ memory: true }` or `{
 * directory }`: what is returned is posted to it, `port` among what is transferred, and is good for
 * one `joinQueue`. Throws an UnsupportedError (HM_NOT_SUPPORTED) of other queues, which each worker
 * opens for itself.
 */
export function shareQueue(queue: JobQueue): SharedQueue {
  return sharedOf(queue.backend);
}

/**
 * Joins a queue that a page shares. Closing it leaves it; when the page closes it, or is gone, what
 * is asked here rejects with HM_CLOSED, and with HM_LOST what had been sent and may have been done.
 * Rejects with an error of the code HM_OPTION, also of what was joined before, with HM_CLOSED, or
 * with HM_UNREACHABLE where the queue does not answer; then the port is closed.
 */
export async function joinQueue(
  shared: SharedQueue,
  options: QueueOptions = {},
): Promise<JobQueue> {
  checkQueueOptions(options);
  return new Queue(await joinInBrowser(shared), options);
}
