/* Open with blobs: a queue on a back end, with big bodies elsewhere where that is wanted. Used by
 * src/entries/.
 */
import type { Clock } from "../clock.ts";
import type { QueueBackend } from "./backend.ts";
import { BlobBackend } from "./blob-backend.ts";
import type { BlobOptions } from "./blob-store.ts";
import { harmlessLogger } from "./harmless.ts";
import type { JobQueue } from "./job-queue.ts";
import type { Known } from "./known-options.ts";
import { Queue } from "./queue.ts";
import type { QueueOptions } from "./queue.ts";

/** The options of `blobs`. */
export const BLOBS: Known<BlobOptions> = { store: true, aboveBytes: true, sweepEveryMillis: true };

/**
 * The queue; the clock's timers keep no process alive. Rejects with a BadOptionError; then the back
 * end is closed.
 */
export async function openWithBlobs(
  backend: QueueBackend,
  blobs: BlobOptions | undefined,
  about: QueueOptions,
  clock: Clock,
): Promise<JobQueue> {
  try {
    if (blobs === undefined) return new Queue(backend, about);
    const { now = Date.now } = about;
    const logger = about.logger && harmlessLogger(about.logger);
    return new Queue(new BlobBackend(backend, { ...blobs, now, clock, logger }), about);
  } catch (error) {
    await backend.close();
    throw error;
  }
}
