/* A program that opens and closes queue after queue: nothing of them is left, neither memory nor a
 * thread, a file or a timer.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { expect, onTestFinished, test } from "vitest";
import { defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type { QueueTarget } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";

const QUEUES = 1000;
/** Of these so many keep their jobs in a directory: each has a thread, and a disk to wait for. */
const KEPT = 20;
/** A queue that is open takes half a megabyte and five mappings at least. */
const BYTES_MAX = 150_000_000;
const MAPPINGS_MAX = 800;
const job = defineJob("nothing", { payload: unchecked<string>() });

/** What the process has of the system: every memory of an engine is a mapping or two. */
function held(): { mappings: number; files: number; threads: number; timers: number } {
  const lines = (path: string): number => readFileSync(path, "utf8").split("\n").length;
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout");
  return {
    mappings: lines("/proc/self/maps"),
    files: readdirSync("/proc/self/fd").length,
    threads: readdirSync("/proc/self/task").length,
    timers: timers.length,
  };
}

async function openAndClose(target: QueueTarget): Promise<void> {
  const queue = await openQueue(target);
  await queue.enqueue(job, "x", { delay: "1h" });
  await queue.close();
}

test("a thousand queues that were opened and closed have given everything back", async () => {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-queues-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  await openAndClose({ memory: true });
  await openAndClose({ directory, segmentBytes: 1_048_576 });
  const before = held();
  const beforeBytes = process.memoryUsage.rss();
  for (let count = 1; count <= QUEUES; count++) {
    const isKept = count % (QUEUES / KEPT) === 0;
    await openAndClose(isKept ? { directory, segmentBytes: 1_048_576 } : { memory: true });
  }
  const grownBytes = process.memoryUsage.rss() - beforeBytes;
  expect(grownBytes).toBeLessThan(BYTES_MAX);
  expect(held().mappings - before.mappings).toBeLessThan(MAPPINGS_MAX);
  await until("threads, files and timers are as before", () => {
    const after = held();
    const isBack = after.threads <= before.threads && after.files <= before.files;
    return isBack && after.timers <= before.timers;
  });
}, 300_000);
