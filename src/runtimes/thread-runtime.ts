/* Thread runtime: an I/O thread's side of the runtime, for Node and for Deno and Bun, which offer
 * node:* too.
 *
 * An error that nobody caught ends the whole process from here, at once: the main thread would hear
 * of it only later, and until then other threads would go on working on memory that cannot be
 * trusted. Made by the thread entries.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { PROGRAM } from "../version.ts";
import type { Order, ThreadRuntime, ThreadSeed } from "../runtime.ts";
import { openStorage } from "../storage/storages.ts";
import { listen } from "../transports/transports.ts";
import { describe, die } from "./die.ts";
import { eventLoop } from "./event-loop.ts";
import { sha256 } from "./sha256.ts";

/**
 * Only Node lends the native handle of an accepted socket; its neighbours' look alike and do
 * nothing.
 */
const { bun, deno } = process.versions as NodeJS.Dict<string>;
const LENDS_HANDLES = bun === undefined && deno === undefined;

/** What the main thread gave to this thread. */
export function threadSeed(): ThreadSeed {
  return workerData as ThreadSeed;
}

/** The runtime of this thread. Call it once: it also sees to it that no error is survived. */
export function threadRuntime(): ThreadRuntime {
  const { threadIndex } = threadSeed();
  const fail = (error: unknown): never =>
    die(`${PROGRAM}: I/O thread ${threadIndex} failed: ${describe(error)}`);
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  return {
    listen: (address, manner, door) => listen(address, manner, door, LENDS_HANDLES),
    onOrder: (handler) => void parentPort?.on("message", (order: Order) => handler(order)),
    report: (report) => parentPort?.postMessage(report),
    openStorage,
    sha256,
    ...eventLoop,
    die,
  };
}
