/* Handler watch: the module of a thread in each process of handlers, which ends that process when
 * the one that started it is gone. Started by handler-process.ts.
 */
import process from "node:process";
import { setInterval } from "node:timers";
import { workerData } from "node:worker_threads";

/** What it is given. */
export interface HandlerWatchSeed {
  readonly parentPid: number;
}

const LOOK_MS = 500;
const { parentPid } = workerData as HandlerWatchSeed;

// One whose parent is gone has another one at once.
setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
}, LOOK_MS);
