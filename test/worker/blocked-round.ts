/* Blocked round: a program whose handler holds up the event loop for longer than its lease, on
 * whatever runtime runs it.
 *
 *   blocked-round.ts HOST:PORT
 *
 * It prints what its worker told, and has to end by itself. Run by blocked.long.test.ts.
 */
import { connect } from "../../src/entries/client.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";

const [, , address = ""] = process.argv;
const job = defineJob("job", { payload: unchecked<number>(), lease: "6s" });
const queue = await openQueue(`homemaker://${address}`);
const lines: string[] = [];
const worker = createWorker(queue, {
  handlers: [
    job.handler((millis) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis);
    }),
  ],
});
for (const name of ["success", "failure", "leaseLost"] as const) {
  worker.on(name, ({ attempt }) => lines.push(`${name} ${attempt}`));
}
void worker.run();
const client = await connect(address);
const connections = async (): Promise<number> =>
  Number((await client.stats())["current-connections"]);
// That of the queue, the consumer, the helper and this client.
while ((await connections()) < 4) await new Promise((resolve) => setTimeout(resolve, 20));
await client.close();
await queue.call(job, 9000);
await worker.stop();
await queue.close();
console.log(lines.join());
