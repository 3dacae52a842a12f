/* Until signal: a worker's whole life in a program that does nothing else: it runs until the
 * process is told to end, on Node, Deno and Bun. Handed to users by src/entries/.
 */
import process from "node:process";
import { SAME_SIGNAL_MS } from "../runtime.ts";
import type { StopReport } from "../worker/worker-status.ts";
import type { Worker } from "../worker/worker.ts";

/** The signals that are heeded. */
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs workers until SIGTERM or SIGINT comes, and resolves with what became of their jobs then. The
 * second signal has handlers told to stop at once; a third one ends the process as if nobody heeded
 * it. Rejects when a worker cannot go on; all have stopped then.
 */
export async function runUntilSignal(...workers: readonly Worker[]): Promise<StopReport> {
  let count = 0;
  let lastAt = -Infinity;
  const stopAll = (hurry: boolean): Promise<readonly StopReport[]> =>
    Promise.all(workers.map((worker) => worker.stop(hurry ? { grace: 0 } : {})));
  const leave = (): void => {
    for (const signal of SIGNALS) process.off(signal, heard);
  };
  const heard = (): void => {
    const now = performance.now();
    if (now - lastAt < SAME_SIGNAL_MS) return;
    lastAt = now;
    count += 1;
    if (count > 1) leave();
    void stopAll(count > 1);
  };
  for (const signal of SIGNALS) process.on(signal, heard);
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await stopAll(false);
    leave();
  }
  return sumOf(await stopAll(false));
}

function sumOf(reports: readonly StopReport[]): StopReport {
  const sum = (what: keyof StopReport): number =>
    reports.reduce((total, report) => total + report[what], 0);
  return {
    finished: sum("finished"),
    handedBack: sum("handedBack"),
    abandoned: sum("abandoned"),
  };
}
