/* Voucher: starts the thread that keeps the jobs of a worker whose event loop is held up, on Node,
 * Deno and Bun. Handed to workers by src/entries/.
 */
import { once } from "node:events";
import { clearTimeout, setTimeout } from "node:timers";
import { Worker } from "node:worker_threads";
import type { Voucher, VoucherSeed } from "../worker/vouching.ts";
import { entryOf } from "./worker.ts";

/** How long its connection may take to close. */
const STOP_MILLIS = 2000;

/** Starts one; it keeps the process alive while it is told to stop, and not before. */
export function startVoucher(seed: VoucherSeed): Voucher {
  const worker = new Worker(entryOf("voucher-thread"), { workerData: seed });
  worker.unref();
  // Without it the worker goes by its leases alone, as where there are no threads.
  worker.on("error", () => undefined);
  const gone = once(worker, "exit");
  return {
    post: (message) => worker.postMessage(message),
    async stop() {
      worker.postMessage({ kind: "stop" });
      const { promise: waited, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_MILLIS);
      await Promise.race([gone, waited]);
      await worker.terminate();
      clearTimeout(timer); // until here nothing else may have kept the process alive
    },
  };
}
