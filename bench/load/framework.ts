/* Jobs of a framework: from `enqueue` to the end of a handler that does nothing, with producer and
 * worker in this process, as a program that uses the framework has them.
 *
 * A job counts when the framework says that it is done. CPU is that of this process, both sides of
 * the framework together, and that of the server. Both frameworks get the same payload.
 */
import { cpuMicros } from "../process-cost.ts";
import type { Sample } from "../figures.ts";
import { openBullMq } from "./bullmq.ts";
import type { DrivenFramework } from "./driven-framework.ts";
import { openOwn } from "./own-framework.ts";
import { Latency } from "./latency.ts";
import type { FrameworkOrder, ServerAddress } from "./order.ts";

const FILL = 500;
const SECOND = 1000;

/** Runs the order. */
export async function runFramework(order: FrameworkOrder, server: ServerAddress): Promise<Sample> {
  const run = new FrameworkRun(order, server);
  await run.open();
  try {
    if (order.load === "idle") return await run.idle();
    return order.load === "circle" ? await run.circle() : await run.backlog();
  } finally {
    await run.close();
  }
}

class FrameworkRun {
  readonly #order: FrameworkOrder;
  readonly #server: ServerAddress;
  #framework: DrivenFramework | undefined;
  #count = 0;
  #onStarted: () => void = () => undefined;
  #onDone: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;

  constructor(order: FrameworkOrder, server: ServerAddress) {
    this.#order = order;
    this.#server = server;
  }

  async open(): Promise<void> {
    const { library, concurrency, prefetch = 0 } = this.#order;
    const open = library === "bullmq" ? openBullMq : openOwn;
    this.#framework = await open({
      port: this.#server.port,
      concurrency,
      prefetch,
      started: () => this.#onStarted(),
      done: () => {
        this.#count += 1;
        this.#onDone();
      },
    });
  }

  async close(): Promise<void> {
    this.#onDone = () => undefined;
    await this.#opened.close();
  }

  /** So many jobs are under way as run at a time; each that is done is followed by another. */
  async circle(): Promise<Sample> {
    const { concurrency } = this.#order;
    await this.#opened.work();
    this.#onDone = () => void this.#opened.enqueue(1).catch(this.#failed);
    await Promise.all(Array.from({ length: concurrency }, () => this.#opened.enqueue(1)));
    return this.#measured();
  }

  /** All jobs are there when the worker begins. */
  async backlog(): Promise<Sample> {
    const { jobs = 0 } = this.#order;
    for (let left = jobs; left > 0; left -= FILL) await this.#opened.enqueue(Math.min(left, FILL));
    await this.#opened.work();
    return this.#measured(jobs);
  }

  /** One job at a time, to a worker that has nothing to do: from the call to the handler. */
  async idle(): Promise<Sample> {
    await this.#opened.work();
    const { warmUpSeconds, seconds } = this.#order;
    const latency = new Latency();
    await this.#handOvers(latency, warmUpSeconds);
    latency.reset();
    await this.#handOvers(latency, seconds);
    return { p50Micros: latency.percentileMicros(50), p99Micros: latency.percentileMicros(99) };
  }

  get #opened(): DrivenFramework {
    if (this.#framework === undefined) throw new Error("the framework is not open");
    return this.#framework;
  }

  async #handOvers(latency: Latency, seconds: number): Promise<void> {
    const until = performance.now() + seconds * SECOND;
    do latency.record(await this.#handOver());
    while (performance.now() < until);
  }

  /** Returns the microseconds. */
  async #handOver(): Promise<number> {
    const started = new Promise<number>((resolve) => {
      this.#onStarted = () => resolve(performance.now());
    });
    const done = new Promise<void>((resolve) => {
      this.#onDone = resolve;
    });
    const began = performance.now();
    await this.#opened.enqueue(1);
    const micros = ((await started) - began) * 1000;
    await done;
    await new Promise((resolve) => setTimeout(resolve, 1)); // the worker waits again
    return micros;
  }

  /** What was done in the time, one job at least, or until so many were. */
  async #measured(most = Infinity): Promise<Sample> {
    const { warmUpSeconds, seconds } = this.#order;
    await this.#wait(warmUpSeconds, most / 2);
    const { pid } = this.#server;
    const [count, began, server] = [this.#count, performance.now(), cpuMicros(pid)];
    const own = process.cpuUsage();
    await this.#wait(seconds, most);
    const used = process.cpuUsage(own);
    const jobs = this.#count - count;
    const took = (performance.now() - began) / SECOND;
    return {
      jobsPerSecond: jobs / took,
      clientMicrosPerJob: (used.user + used.system) / jobs,
      serverMicrosPerJob: (cpuMicros(pid) - server) / jobs,
    };
  }

  /** Until so much time has passed and a job is done, or so many are. */
  #wait(seconds: number, most: number): Promise<void> {
    const [onDone, count] = [this.#onDone, this.#count];
    return new Promise((resolve, reject) => {
      this.#failed = reject;
      let isTime = false;
      const look = (): void => {
        if (this.#count < most && !(isTime && this.#count > count)) return;
        clearTimeout(timer);
        this.#onDone = onDone;
        resolve();
      };
      const timer = setTimeout(() => {
        isTime = true;
        look();
      }, seconds * SECOND);
      this.#onDone = () => {
        onDone();
        look();
      };
    });
  }
}
