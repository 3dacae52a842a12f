/* Isolation round: what a program does whose handlers run elsewhere, on whatever runtime runs it.
 *
 *   isolation-round.ts thread|process
 *
 * It prints what it found, as JSON, and has to end by itself. Run by isolation.long.test.ts.
 */
import { createWorker, fromModule, openQueue } from "../../src/entries/queue.ts";
import type { Isolate } from "../../src/entries/queue.ts";
import * as jobs from "./isolated-jobs.ts";

const isolate = process.argv[2] as Isolate;
const queue = await openQueue({ memory: true });
const worker = createWorker(queue, {
  isolate,
  concurrency: 2,
  stop: { abort: "300ms" },
  handlers: fromModule(new URL("isolated-handlers.ts", import.meta.url), Object.values(jobs)),
});
const failures: string[] = [];
worker.on("failure", ({ error }) => {
  failures.push((error as Error & { readonly code: string }).code);
});
void worker.run();

const { doubled } = await queue.call(jobs.double, 4);
const talked = await queue.call(jobs.talker, 4);
const killed: number[] = [];
for (const how of ["exit", "throw", "reject"] as const) {
  killed.push(await queue.call(jobs.killer, how));
}
const late = await queue.enqueue(jobs.endless, "busy");
const said = await late.result().catch((error: Error) => error.message);
const { handedBack } = await worker.stop();
await queue.close();
console.log(JSON.stringify({ doubled, talked, killed, said, failures, handedBack }));
