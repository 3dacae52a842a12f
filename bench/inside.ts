/* Inside bench: put+reserve+delete through a queue in this very process, without sockets.
 *
 *   node bench/inside.ts '{"way":"many","most":256,"seconds":1}'   ->   {"cyclesPerSecond":N, ...}
 *
 * The ways are those that a user has: a client of `homemaker/client` on the in-process wire, with
 * `putMany`, `reserveMany` and `deleteMany` of so many jobs, or with each command awaited by
 * itself; and `openQueue` with a worker. Bodies are 100 bytes, and every body that comes is looked
 * at. CPU is the whole process's. Run by bench/main.ts.
 */
import process from "node:process";
import { connect } from "../src/entries/client.ts";
import type { Client } from "../src/client/client.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../src/entries/queue.ts";
import { openBroker } from "../src/runtimes/node-broker.ts";
import { DataDirectory } from "./data-directory.ts";

interface Plan {
  readonly way: "many" | "one" | "queue";
  /** Jobs of a batch, or jobs that a worker runs at a time. */
  readonly most: number;
  readonly seconds: number;
  /** 1: keeps the jobs in a directory. */
  readonly isKept?: number;
}

const BODY_BYTES = 100;
/** Cycles in which everything gets warm: not a time, which a busy machine may give to others. */
const WARM_CYCLES = 50_000;

/** What is looked at of the bodies, so that nothing can leave them out. */
let seen = 0;

/** One batch: returns how many cycles it was. */
async function cycleMany(client: Client, bodies: readonly Uint8Array[]): Promise<number> {
  await client.putMany(bodies);
  const jobs = await client.reserveMany(bodies.length);
  for (const { body } of jobs) seen += body[0] ?? 0;
  const { deleted } = await client.deleteMany(jobs.map(({ id }) => id));
  return deleted;
}

async function cycleOne(client: Client, body: Uint8Array): Promise<number> {
  await client.put(body);
  const job = await client.reserve();
  seen += job.body[0] ?? 0;
  await job.delete();
  return 1;
}

/** Runs cycles for so long, after a while in which everything gets warm. */
async function measure(cycle: () => Promise<number>, { seconds }: Plan): Promise<void> {
  for (let warmed = 0; warmed < WARM_CYCLES;) warmed += await cycle();
  const began = performance.now();
  const cpu = process.cpuUsage();
  let cycles = 0;
  let tookMillis = 0;
  while (tookMillis < seconds * 1000) {
    cycles += await cycle();
    tookMillis = performance.now() - began;
  }
  const { user, system } = process.cpuUsage(cpu);
  if (seen === 0) throw new Error("no body was looked at");
  print(cycles / (tookMillis / 1000), (user + system) / cycles);
}

function print(cyclesPerSecond: number, microsPerCycle: number): void {
  const sample = { cyclesPerSecond: Math.round(cyclesPerSecond), microsPerCycle };
  process.stdout.write(`${JSON.stringify(sample)}\n`);
}

async function measureClient(plan: Plan, directory: string | undefined): Promise<void> {
  await using broker = await openBroker(
    directory === undefined ? {} : { dataDirectory: directory },
  );
  await using client = await connect(broker);
  const bodies = Array.from({ length: plan.most }, () => new Uint8Array(BODY_BYTES).fill(120));
  const [body = new Uint8Array(BODY_BYTES)] = bodies;
  if (plan.way === "many") await measure(() => cycleMany(client, bodies), plan);
  else await measure(() => cycleOne(client, body), plan);
}

/** A worker runs what is enqueued, a batch of four times what it runs at a time after the other. */
async function measureQueue(plan: Plan, directory: string | undefined): Promise<void> {
  const queue = await openQueue(directory === undefined ? { memory: true } : { directory });
  const job = defineJob("bench", { payload: unchecked<string>() });
  let left = 0;
  let over: () => void = () => undefined;
  const handler = job.handler((payload) => {
    seen += payload.length;
    if (--left === 0) over();
  });
  const worker = createWorker(queue, { handlers: [handler], concurrency: plan.most });
  worker.run().catch(() => undefined); // a bench in which nothing is done says so
  const payloads = Array.from({ length: 4 * plan.most }, () => "x".repeat(BODY_BYTES));
  await measure(async () => {
    left = payloads.length;
    const all = new Promise<void>((resolve) => (over = resolve));
    await queue.enqueueMany(job, payloads);
    await all;
    return payloads.length;
  }, plan);
  await worker.stop({ grace: 0 });
  await queue.close();
}

function isPlan(value: unknown): value is Plan {
  return typeof value === "object" && value !== null && "way" in value && "seconds" in value;
}

const plan: unknown = JSON.parse(process.argv[2] ?? "{}");
if (!isPlan(plan)) throw new TypeError('expected {"way":"many","most":N,"seconds":N}');
using directory = plan.isKept === 1 ? new DataDirectory() : undefined;
await (plan.way === "queue"
  ? measureQueue(plan, directory?.path)
  : measureClient(plan, directory?.path));
