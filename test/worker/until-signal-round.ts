/* Until signal round: a program that runs a worker until it is told to end.
 *
 *   until-signal-round.ts minds|ignores
 *
 * Its handler ends when it is told to stop, or goes on all the same. It prints "begun" when that
 * runs, "heard" for each signal, and at its end what became of its jobs. Run by
 * until-signal.test.ts.
 */
import { createWorker, defineJob, openQueue, runUntilSignal } from "../../src/entries/queue.ts";
import { unchecked } from "../../src/entries/queue.ts";

const [, , how] = process.argv;
const job = defineJob("job", { payload: unchecked<number>() });
const queue = await openQueue({ memory: true });
const worker = createWorker(queue, {
  concurrency: 1,
  stop: { grace: "10m", abort: how === "minds" ? "10m" : "1ms" },
  handlers: [
    job.handler(async (_, { signal }) => {
      console.log("begun");
      await new Promise((_resolve, reject) => {
        setInterval(() => undefined, 1000); // it keeps the process alive
        if (how === "minds") signal.addEventListener("abort", () => reject(new Error("told")));
      });
    }),
  ],
});
await queue.enqueueMany(job, [1, 2]);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => console.log("heard"));
const report = await runUntilSignal(worker);
console.log(JSON.stringify(report), process.listenerCount("SIGTERM"));
await queue.close();
process.exit();
