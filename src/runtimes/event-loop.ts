/* Event loop: what sessions need of the runtime on whichever thread they run, for Node and for Deno
 * and Bun, which offer node:* too.
 *
 * Part of the main thread's runtime (node.ts) and of an I/O thread's (thread-runtime.ts).
 */
import { hostname, machine, version } from "node:os";
import process from "node:process";
import { setTimeout } from "node:timers";
import type { LoopRuntime } from "../runtime.ts";
import { fastCopy } from "./copy.ts";

/** The runtime of sessions on this thread. */
export const eventLoop: LoopRuntime = {
  soon: (callback) => void setImmediate(callback),
  after(millis, ring) {
    const timer = setTimeout(ring, millis).unref();
    return () => clearTimeout(timer);
  },
  process: {
    pid: process.pid,
    hostname: hostname(),
    os: version(),
    platform: machine(),
    cpuMicros: () => process.cpuUsage(),
    residentBytes: () => process.memoryUsage.rss(),
  },
  ...("waitAsync" in Atomics ? { waitForChange } : {}),
  ...(fastCopy && { copy: fastCopy }),
};

async function waitForChange(words: Int32Array, index: number, value: number): Promise<void> {
  const { value: changed } = Atomics.waitAsync(
    words as Int32Array<SharedArrayBuffer>,
    index,
    value,
  );
  await changed; // "not-equal", or a promise
}
