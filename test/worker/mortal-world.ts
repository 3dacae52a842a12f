/*
 * Mortal world: workers of `mortal` jobs in a queue whose threads and processes are killed, and who
 * are stopped, suspended and cut off at random; and what has to be so when all is over.
 *
 *   each job is done at least once, or set aside with its error;
 *   one that was done more than once lost its thread, process or lease meanwhile;
 *   where nobody was cut off, attempts are counted for failures alone;
 *   nothing is held, and no thread or process is left.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { fromModule } from "../../src/entries/queue.ts";
import type { Isolate, QueueStats, Worker } from "../../src/entries/queue.ts";
import { startChild } from "../../src/runtimes/children.ts";
import type { Child, StartChild } from "../../src/worker/isolation.ts";
import type { Queue } from "../../src/worker/queue.ts";
import { createWorkerOn } from "../../src/worker/worker.ts";
import type { Random } from "../support/random.ts";
import { pause, until, within } from "../support/until.ts";
import { CutQueue } from "./cut-queue.ts";
import { ACTS, linesOf, mortal } from "./mortal.ts";
import type { Act } from "./mortal.ts";

/** How much happens. */
export interface Scale {
  readonly isolate: Isolate;
  readonly jobs: number;
  readonly workers: number;
  readonly slots: number;
  /** How often the world strikes. */
  readonly strikes: number;
  readonly cutsOff: boolean;
  /** Whether handlers go on for ever, too, until their time-out. */
  readonly hangs: boolean;
}

/** What workers told of one job. */
interface Told {
  failures: number;
  /** Failures because its thread or process was gone, or that did not reach the queue. */
  deaths: number;
  lost: number;
}

const MODULE = new URL("mortal.ts", import.meta.url);
const STRIKE_MILLIS = 25;
/** Threads and processes start slowly where many others do. */
const PATIENCE_MILLIS = 90_000;
const STOPPING_MILLIS = 40_000;
const POLL_MILLIS = 10;
const ACT_WEIGHTS: Readonly<Record<Act, number>> = {
  well: 4,
  late: 8,
  throw: 3,
  discard: 1,
  snooze: 3,
  exit: 2,
  uncaught: 1,
  hang: 1,
};

/** What the first runs of a job come to. */
export function actsOf(random: Random, hangs: boolean): readonly Act[] {
  const choices = ACTS.filter((act) => hangs || act !== "hang").map(
    (act) => [ACT_WEIGHTS[act], act] as const,
  );
  return Array.from({ length: random.below(5) }, () => random.weighted(choices));
}

/** A queue, its workers and what becomes of them. */
export class MortalWorld implements AsyncDisposable {
  readonly #random: Random;
  readonly #scale: Scale;
  readonly #directory = mkdtempSync(join(tmpdir(), "homemaker-mortal-"));
  readonly #book = join(this.#directory, "book");
  readonly #told = new Map<string, Told>();
  readonly #children = new Set<Child>();
  readonly #stopping = new Set<Promise<unknown>>();
  #workers: Worker[] = [];
  #ids: readonly string[] = [];
  #bed: CutQueue | undefined;
  #started = 0;
  #cutOff = 0;

  constructor(random: Random, scale: Scale) {
    this.#random = random;
    this.#scale = scale;
    writeFileSync(this.#book, "");
  }

  get queue(): Queue {
    if (this.#bed === undefined) throw new TypeError("the world is not open");
    return this.#bed.queue;
  }

  /** Has all happen, until no job is left; the workers are dismissed then. */
  async play(): Promise<void> {
    this.#bed = await CutQueue.open();
    const { jobs, strikes } = this.#scale;
    const numbers = Array.from({ length: jobs }, (_, at) => at);
    const plans = numbers.map((at) => ({ at, book: this.#book, acts: this.#acts() }));
    this.#ids = (await this.queue.enqueueMany(mortal, plans)).map(({ id }) => id);
    this.#hire();
    for (let struck = 0; struck < strikes; struck++) {
      await pause(STRIKE_MILLIS);
      this.#strike();
      this.#hire();
    }
    for (const worker of this.#workers) worker.resume();
    let stats: QueueStats | undefined;
    const isOver = async (): Promise<boolean> => {
      stats = await this.queue.stats("mortal");
      return stats.available + stats.scheduled + stats.active === 0;
    };
    const deadline = performance.now() + PATIENCE_MILLIS;
    while (!(await isOver())) {
      await pause(POLL_MILLIS);
      if (performance.now() < deadline) continue;
      const state = [stats, this.#workers.map((worker) => worker.status())];
      throw new Error(`waited in vain until no job is left: ${JSON.stringify(state)}`);
    }
    for (const worker of this.#workers.splice(0)) this.#stopping.add(worker.stop());
    await within("all workers have stopped", STOPPING_MILLIS, Promise.all(this.#stopping));
  }

  #acts(): readonly Act[] {
    return actsOf(this.#random, this.#scale.hangs);
  }

  #hire(): void {
    const { isolate, workers, slots } = this.#scale;
    while (this.#workers.length < workers) {
      const worker = createWorkerOn({ startChild: this.#start }, this.queue, {
        handlers: fromModule(MODULE, [mortal]),
        isolate,
        concurrency: slots,
        prefetch: this.#random.below(2),
        initRetry: 20,
        stop: { grace: this.#random.pick([0, 200]), abort: 200 },
      });
      worker.on("leaseLost", ({ id }) => void (this.#of(id).lost += 1));
      worker.on("failure", ({ id, error }) => this.#failed(id, error));
      this.#workers.push(worker);
      void worker.run();
    }
  }

  readonly #start: StartChild = (isolation, listener) => {
    this.#started += 1;
    const child: Child = startChild(isolation, {
      heard: (message) => listener.heard(message),
      gone: (end) => {
        this.#children.delete(child);
        listener.gone(end);
      },
    });
    this.#children.add(child);
    return child;
  };

  #failed(id: string, error: unknown): void {
    const told = this.#of(id);
    told.failures += 1;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "HM_HANDLER_DIED" || code === "HM_HANDLER_KILLED") told.deaths += 1;
  }

  #of(id: string): Told {
    const told = this.#told.get(id) ?? { failures: 0, deaths: 0, lost: 0 };
    this.#told.set(id, told);
    return told;
  }

  #strike(): void {
    const random = this.#random;
    const worker = random.pick(this.#workers);
    const what = random.below(this.#scale.cutsOff ? 8 : 6);
    if (what < 3) this.#kill();
    else if (what === 3) worker.suspend();
    else if (what === 4) worker.resume();
    else if (what === 5) this.#dismiss(worker);
    else this.#cutOff += this.#bed?.cut(random) ?? 0;
  }

  #kill(): void {
    const children = [...this.#children];
    if (children.length > 0) void this.#random.pick(children).end();
  }

  #dismiss(worker: Worker): void {
    this.#workers = this.#workers.filter((other) => other !== worker);
    const stopping = worker.stop();
    this.#stopping.add(stopping);
    void stopping.then(() => this.#stopping.delete(stopping));
  }

  /** Whether what has to be so is. */
  async expectAll(): Promise<void> {
    expect(this.#started).toBeGreaterThan(0);
    // One that was starting when its worker stopped may be on its way out.
    await until("no thread or process is left", () => this.#children.size === 0);
    expect(await this.queue.stats("mortal")).toMatchObject({ active: 0, workers: 0 });
    let duplicates = 0;
    for (const [at, id] of this.#ids.entries()) duplicates += await this.#expectOf(at, id);
    const told = [...this.#told.values()];
    const explained = told.reduce((sum, { deaths, lost }) => sum + deaths + lost, 0);
    expect(duplicates).toBeLessThanOrEqual(explained + this.#cutOff);
  }

  /** Returns how often a job was done that had been done before. */
  async #expectOf(at: number, id: string): Promise<number> {
    const { failures, deaths, lost } = this.#of(id);
    const lines = linesOf(this.#book, at);
    const attempts = lines
      .filter((line) => line.startsWith("ran"))
      .map((line) => Number(line.slice(4)));
    const done = lines.filter((line) => line.startsWith("done")).length;
    const status = await this.queue.status(id);
    const isDone = status?.state === "completed";
    const what = `job ${at}: ${lines.join()}; failed ${failures}, lost ${lost}`;
    if (isDone) expect([what, done > 0]).toEqual([what, true]);
    else {
      const said = status?.failures.at(-1)?.error?.message;
      expect([what, status?.state, said]).toEqual([what, "discarded", expect.any(String)]);
    }
    const last = attempts.at(-1) ?? 0;
    const charged = isDone ? failures + 1 : failures;
    if (this.#cutOff === 0) {
      expect([what, last, lost]).toEqual([what, charged, 0]);
      expect([what, done <= 1 + deaths]).toEqual([what, true]);
    } else expect([what, last >= charged]).toEqual([what, true]);
    return Math.max(0, done - 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = Promise.all(this.#workers.map((worker) => worker.stop({ grace: 0 })));
    await within("all workers have stopped", STOPPING_MILLIS, stopped);
    await this.#bed?.queue.close();
    rmSync(this.#directory, { recursive: true });
  }
}
