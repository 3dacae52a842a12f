/* Stand-in for src/entries/queue.ts in a worker of a page: `homemaker/browser`, but that a queue
 * whose time a test decides about has its engine in this worker, as on Node in the process.
 */
import { openEmbedded } from "../../../src/embedded/embedded-backend.ts";
import type { EmbeddedTarget } from "../../../src/embedded/embedded-target.ts";
import { openQueue as openInPage } from "../../../src/entries/browser.ts";
import type { JobQueue, OpenOptions, QueueTarget } from "../../../src/entries/browser.ts";

export * from "../../../src/entries/browser.ts";

export async function openQueue(
  target: QueueTarget | EmbeddedTarget,
  options?: OpenOptions,
): Promise<JobQueue> {
  const isHere = typeof target === "object" && target !== null && "clock" in target;
  return openInPage(isHere ? await openEmbedded(target) : target, options);
}
