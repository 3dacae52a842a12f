/* `homemaker/testing` on Node, Deno and Bun: a queue for tests of programs that have jobs. */
import { openEmbedded } from "../embedded/embedded-backend.ts";
import { asyncStorage } from "../runtimes/async-storage.ts";
import { eventLoop } from "../runtimes/event-loop.ts";
import { refuseOldNode } from "../runtimes/needed-node.ts";
import { openTestQueue } from "../testing/test-queue.ts";
import type { TestQueue, TestQueueOptions } from "../testing/test-queue.ts";

export { AssertionError, HandedBackError } from "../testing/errors.ts";
export type { Part, Wanted } from "../testing/match.ts";
export type {
  DrainReport,
  TestQueue,
  TestQueueOptions,
  WaitingJob,
} from "../testing/test-queue.ts";
export { VirtualClock } from "../testing/virtual-clock.ts";

refuseOldNode();

/** Opens a queue in memory whose time passes when the test says so. */
export function testQueue(options: TestQueueOptions = {}): Promise<TestQueue> {
  return openTestQueue(options, {
    open: (clock) => openEmbedded({ memory: true, shards: 1, clock }, clock),
    soon: (run) => eventLoop.soon(run),
    caller: asyncStorage(),
  });
}
