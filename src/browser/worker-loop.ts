/* Worker loop: what sessions need of a browser's worker; what runtimes/event-loop.ts is on Node. */
import type { LoopRuntime } from "../runtime.ts";

/** What is to be called soon, the oldest first. */
const waiting: (() => void)[] = [];
/** A message to oneself comes behind the events that wait; a timer would take milliseconds. */
const { port1: bell, port2: hand } = new MessageChannel();
bell.addEventListener("message", () => waiting.shift()?.());
bell.start();

/** The runtime of sessions in this worker. */
export const workerLoop: LoopRuntime = {
  soon(callback) {
    waiting.push(callback);
    hand.postMessage(undefined);
  },
  after(millis, ring) {
    const timer = setTimeout(ring, millis);
    return () => clearTimeout(timer);
  },
  // A browser tells nothing of the machine but this.
  process: {
    pid: 1,
    hostname: "browser",
    os: navigator.userAgent,
    platform: "wasm",
    cpuMicros: () => ({ user: 0, system: 0 }),
    residentBytes: () => 0,
  },
  async waitForChange(words, index, value) {
    const shared = words as Int32Array<SharedArrayBuffer>;
    await Atomics.waitAsync(shared, index, value).value; // "not-equal", or a promise
  },
};
