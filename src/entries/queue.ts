/* `homemaker` on Node, Deno and Bun: the queue, and what keeps its jobs in this process. */
import { openEmbedded } from "../embedded/embedded-backend.ts";
import type { EmbeddedTarget } from "../embedded/embedded-backend.ts";
import type { QueueBackend } from "../worker/backend.ts";
import type { JobQueue } from "../worker/job-queue.ts";
import { Queue } from "../worker/queue.ts";
import type { QueueOptions } from "../worker/queue.ts";

export type {
  DirectoryTarget,
  EmbeddedTarget,
  EngineOptions,
  MemoryTarget,
} from "../embedded/embedded-backend.ts";
export * from "../worker/public.ts";

/** Where the jobs are. */
export type QueueTarget = EmbeddedTarget | QueueBackend;

/**
 * Opens a queue: `{ memory: true }` is gone with the process, `{ directory: "./jobs" }` survives
 * it, and a back end of one's own is what it is. Rejects with an OptionError (HM_OPTION), or with a
 * JournalError when the directory cannot be used, for instance while another process has it open.
 */
export async function openQueue(target: QueueTarget, options?: QueueOptions): Promise<JobQueue> {
  const backend = "put" in target ? target : await openEmbedded(target);
  return new Queue(backend, options);
}
