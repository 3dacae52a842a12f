/* Thread runtime: an I/O thread's side of the runtime, for Node and for Deno and Bun, which offer
 * node:* too.
 *
 * An error that nobody caught ends the whole process from here, at once: the main thread would hear
 * of it only later, and until then other threads would go on working on memory that cannot be
 * trusted. Made by the thread entries.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { BoundAddress } from "../config/listen-address.ts";
import { PROGRAM } from "../version.ts";
import type { Door, Listener, ListenManner, Order, ThreadRuntime, ThreadSeed } from "../runtime.ts";
import { NodeStorage } from "../storage/node-fs.ts";
import { listenTcp } from "../transports/tcp.ts";
import { listenUnix } from "../transports/unix.ts";
import { describe, die } from "./die.ts";
import { eventLoop } from "./event-loop.ts";

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
    listen,
    onOrder: (handler) => void parentPort?.on("message", (order: Order) => handler(order)),
    report: (report) => parentPort?.postMessage(report),
    openStorage: (directory) => new NodeStorage(directory),
    ...eventLoop,
    die,
  };
}

function listen(address: BoundAddress, manner: ListenManner, door: Door): Promise<Listener> {
  return address.kind === "tcp"
    ? listenTcp(address, manner, door, LENDS_HANDLES)
    : listenUnix(address.path, door, LENDS_HANDLES);
}
