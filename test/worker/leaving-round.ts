/* Leaving round: a program whose worker stops at SIGTERM, where nothing but the worker keeps the
 * process alive.
 *
 *   leaving-round.ts memory|URL stop|signal|until-signal
 *
 * It prints what became of the worker, and has to end by itself. Run by leaving.test.ts.
 */
import process from "node:process";
import { createWorker, defineJob, openQueue, runUntilSignal } from "../../src/entries/queue.ts";
import { unchecked } from "../../src/entries/queue.ts";
import type { ServerUrl } from "../../src/entries/queue.ts";

const [, , target = "memory", how] = process.argv;
const job = defineJob("job", { payload: unchecked<number>() });
const queue = await openQueue(target === "memory" ? { memory: true } : (target as ServerUrl));
const worker = createWorker(queue, { handlers: [job.handler(() => undefined)] });

async function lifeOf(): Promise<void> {
  if (how === "until-signal") {
    await runUntilSignal(worker);
    return;
  }
  const leaving = new AbortController();
  process.once("SIGTERM", () => (how === "signal" ? leaving.abort() : void worker.stop()));
  await worker.run({ signal: leaving.signal });
}

const life = lifeOf();
console.log("runs");
await life;
console.log(JSON.stringify(await worker.stop()));
await queue.close();
console.log("closed");
