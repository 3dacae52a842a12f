/* Directory program: a process whose queue lies in a directory; it enqueues numbers, and does them.
 *
 *   directory-program.ts DIRECTORY FIRST
 *
 * It says in a line each that it has its queue (`open`), that a number, counted from FIRST, was
 * enqueued (`+ 7`) or done (`- 7`), and why one was not enqueued (`! HM_OUT_OF_MEMORY`). At the end
 * of its input it enqueues no more, and ends when nothing is left. Started by
 * full-disk.long.test.ts, and killed.
 */
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { codeOf } from "../../src/system-error.ts";
import { pause, until } from "../support/until.ts";

const [, , directory = "", first = "0"] = process.argv;
const PAD = "x".repeat(20_000);
const job = defineJob("note", { payload: unchecked<{ at: number; pad: string }>() });

const queue = await openQueue({ directory, segmentBytes: 1_048_576, durability: "sync" });
console.log("open");
const worker = createWorker(queue, {
  concurrency: 1,
  handlers: [
    job.handler(async ({ at }) => {
      await pause(10);
      console.log(`- ${at}`);
    }),
  ],
});
const running = worker.run();
const over = new AbortController();
process.stdin.resume().once("end", () => over.abort());

for (let at = Number(first); !over.signal.aborted; at++) {
  try {
    await queue.enqueue(job, { at, pad: PAD });
    console.log(`+ ${at}`);
  } catch (error) {
    console.log(`! ${codeOf(error)}`);
    await pause(5);
  }
}
await until("nothing is left", async () => {
  const { available, scheduled, active } = await queue.stats(job.tube);
  return available + scheduled + active === 0;
});
await worker.stop();
await running;
await queue.close();
