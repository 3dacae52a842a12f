/*
 * A round of a queue for tests as a program of its own, for any runtime: prints what it found as
 * JSON and ends by itself. Arguments: where to import homemaker and homemaker/testing from, if not
 * from the sources.
 */
import process from "node:process";
import type * as Queue from "../../src/entries/queue.ts";
import type * as Testing from "../../src/entries/testing.ts";

const [from = "../../src/entries/queue.ts", testingFrom = "../../src/entries/testing.ts"] =
  process.argv.slice(2);
const { createWorker, defineJob, unchecked } = (await import(from)) as typeof Queue;
const { testQueue } = (await import(testingFrom)) as typeof Testing;

const add = defineJob("add", { payload: unchecked<number>(), result: unchecked<number>() });
const queue = await testQueue({ now: new Date(0) });
const worker = createWorker(queue, { handlers: [add.handler((n) => n + 1)] });
const { id } = await queue.enqueue(add, 1, { delay: "9d" });
const early = await queue.drain(worker);
await queue.advance("9d");
const late = await queue.drain(worker);
const found = {
  early: early.succeeded,
  late: late.succeeded,
  result: await queue.result(add, id),
  inline: await queue.runInline(add, 41, worker),
  day: queue.now.getUTCDate(),
};
await queue.close();
console.log(JSON.stringify(found));
