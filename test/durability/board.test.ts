/* The board between real threads: nobody who waits is forgotten. */
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { BoardThreadSeed } from "./board-thread.ts";
import { createCommon } from "../../src/broker/boards.ts";

const ROUNDS = 100_000;

function run(seed: BoardThreadSeed): Promise<unknown> {
  const worker = new Worker(new URL("./board-thread.ts", import.meta.url), { workerData: seed });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

test.each(["safe", "room"] as const)(
  "a thread that says that it waits (%s), and a committer that publishes, never miss each other",
  async (waitsFor) => {
    const words = new SharedArrayBuffer(8);
    const shared = { common: createCommon(1).buffer, words, rounds: ROUNDS, waitsFor };
    const forgotten = await Promise.all([
      run({ ...shared, role: "committer" }),
      run({ ...shared, role: "holder" }),
    ]);
    expect(forgotten).toEqual([0, 0]);
  },
  60_000,
);
