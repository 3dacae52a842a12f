/* Embedder: a program with a broker in it, as a user may write one. Started by embedding.test.ts.
 *
 * Its arguments are what it does, a directory if its jobs are to be kept, and how safe. It prints
 * what the broker answers, a line each; it never calls process.exit, so it ends when nothing keeps
 * it alive.
 */
import process from "node:process";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import { JournalError } from "../../src/broker/errors.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { until } from "../support/until.ts";

const [, , what = "", directory = "", durability = "sync"] = process.argv;
const kept = { dataDirectory: directory, durability } as BrokerOptions;
const broker = await openBroker(directory === "" ? {} : kept);
const own = broker.connect();
const body = new TextEncoder().encode("hello");

async function say(command: string, sent?: Uint8Array): Promise<void> {
  console.log((await own.ask(command, sent)).line);
}

async function leaveQueue(): Promise<void> {
  const queue = await openQueue({ memory: true });
  const job = defineJob("job", { payload: unchecked<string>() });
  const handlers = [job.handler((payload) => console.log(`RAN ${payload}`))];
  const worker = createWorker(queue, { handlers });
  const running = worker.run();
  await queue.enqueue(job, "later", { delay: "1h" });
  await queue.call(job, "now");
  await worker.stop();
  await running;
}

switch (what) {
  case "closes":
    await say("put 0 0 60 5", body);
    await broker.close();
    break;
  case "waits": // for a second, with nothing else to do
    await say("put 0 1 60 5", body);
    await say("reserve");
    await say("delete 1");
    break;
  case "leaves": // a session that waits, a delay, and a journal; closes nothing
    broker.connect().close();
    await say("put 0 3600 60 5", body);
    break;
  case "queues": // a queue of jobs with a delay and a worker that stopped; closes nothing
    await leaveQueue();
    break;
  case "ends": // at once, and goes on with what is there, once the journal's thread has let go
    await say("put 0 0 60 5", body);
    await broker.end();
    await until("the directory is free", async () => {
      try {
        await using again = await openBroker(kept);
        console.log((await again.connect().ask("peek-ready")).line);
        return true;
      } catch (error) {
        if (error instanceof JournalError && error.reason === "HM_STORAGE_BUSY") return false;
        throw error;
      }
    });
    break;
  case "puts": // until it is killed
    for (;;) await say("put 0 0 60 5", body);
  default:
    console.log(`${what} is nothing to do`);
}
