/* Peer round: what a program does with a queue whose back end needs a package, on whatever runtime
 * runs it.
 *
 *   peer-round.ts TARGET      a target of `openQueue`, as JSON
 *
 * It prints what it found, as JSON, and has to end by itself. Run by rabbitmq.long.test.ts and
 * redis.long.test.ts.
 */
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type { QueueTarget } from "../../src/entries/queue.ts";

const JOBS = 200;
const square = defineJob("square", {
  payload: unchecked<number>(),
  result: unchecked<number>(),
});

const queue = await openQueue(JSON.parse(process.argv[2] ?? "") as QueueTarget);
const worker = createWorker(queue, {
  prefetch: 20,
  handlers: [square.handler((number) => number * number)],
});
void worker.run();
const numbers = Array.from({ length: JOBS }, (_, index) => index);
const jobs = await queue.enqueueMany(square, numbers);
const results = await Promise.all(jobs.map((job) => job.result()));
const sum = results.reduce((all, result) => all + result, 0);
const { handedBack } = await worker.stop();
await queue.close();
console.log(JSON.stringify({ sum, handedBack }));
