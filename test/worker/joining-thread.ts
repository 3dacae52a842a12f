/* Joining thread: a thread of a program that shares a queue, as a user may write one. Started by
 * sharing.test.ts, which tells it what to do beside the queue.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { createWorker, defineJob, joinQueue, unchecked } from "../../src/entries/queue.ts";
import type { SharedQueue } from "../../src/entries/queue.ts";

const { shared, what } = workerData as { readonly shared: SharedQueue; readonly what: string };
const say = (said: unknown): void => parentPort?.postMessage(said);
const add = defineJob("add", {
  payload: unchecked<readonly number[]>(),
  result: unchecked<number>(),
});
const hold = defineJob("hold", { payload: unchecked<string>() });
const queue = await joinQueue(shared);

/** Runs jobs until it is stopped, or hears that the queue is gone. */
async function work(): Promise<void> {
  const worker = createWorker(queue, {
    handlers: [
      add.handler((numbers) => numbers.reduce((sum, one) => sum + one, 0)),
      hold.handler(() => leave()),
    ],
    concurrency: 4,
  });
  say("works");
  try {
    await worker.run();
  } catch (error) {
    say(error instanceof Error && "code" in error ? error.code : String(error));
  }
}

/** Ends with the job in hand, in whatever way it was told to. */
async function leave(): Promise<void> {
  say("holds");
  if (what === "exits") process.exit(3);
  if (what === "throws")
    setImmediate(() => {
      throw new Error("a bug");
    });
  if (what === "spins") for (;;);
  await new Promise(() => undefined);
}

switch (what) {
  case "enqueues":
    await queue.enqueueMany(
      add,
      Array.from({ length: 500 }, (_, n) => [n, 1]),
    );
    say(await queue.call(add, [40, 2]));
    await queue.close();
    break;
  default:
    await work();
}
