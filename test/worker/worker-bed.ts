/*
 * Worker bed: a queue and workers of it, on a clock that passes when a test says so. The engine,
 * where it is in this process, goes by that, too.
 */
import { createWorker, openQueue } from "../../src/entries/queue.ts";
import type { EngineOptions, JobQueue, Worker } from "../../src/entries/queue.ts";
import type { WorkerEvents, WorkerOptions } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { placeOf } from "./bed-places.ts";
import type { Place, Where } from "./bed-places.ts";

/** The engine's own times are those of the machine; its clock only says how much of it passed. */
const EPOCH = Date.now();
const START_MICROS = 1_000_000_000;
const EVENTS = ["start", "success", "failure", "handedBack", "leaseLost", "cancelled"] as const;

/** A queue with workers. */
export class WorkerBed implements AsyncDisposable {
  readonly clock = new VirtualClock(START_MICROS);
  readonly now = (): number => EPOCH + (this.clock.now() - START_MICROS) / 1000;
  readonly #workers: Worker[] = [];
  #place: Place | undefined;
  #queue: JobQueue | undefined;

  /** Called by `open` only. */
  private constructor() {}

  static async open(where: Where, options: EngineOptions = {}): Promise<WorkerBed> {
    const bed = new WorkerBed();
    const place = await placeOf(where, { ...options, clock: bed.clock });
    bed.#place = place;
    bed.#queue = await openQueue(place.target, { now: bed.now });
    return bed;
  }

  get queue(): JobQueue {
    if (this.#queue === undefined) throw new TypeError("the queue is closed");
    return this.#queue;
  }

  /** A worker that runs. */
  work<State = undefined>(options: WorkerOptions<State>): Worker {
    const worker = this.worker(options);
    worker.run().catch(() => undefined); // a test that wants to know calls `run` again
    return worker;
  }

  worker<State = undefined>(options: WorkerOptions<State>): Worker {
    const worker = createWorker(this.queue, { clock: this.clock, now: this.now, ...options });
    this.#workers.push(worker);
    return worker;
  }

  /** Lets so many seconds pass, a step at a time, until it is so. */
  async pass(what: string, isSo: () => boolean | Promise<boolean>, step = 0.5): Promise<void> {
    await until(what, async () => {
      if (await isSo()) return true;
      this.clock.advance(step);
      return isSo();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    let isOver = false;
    const stopping = Promise.all(this.#workers.map((worker) => worker.stop({ grace: 0 })));
    void stopping.finally(() => {
      isOver = true;
    });
    await this.pass("all workers have stopped", () => isOver);
    await this.queue.close();
    await this.#place?.end();
  }
}

/** What a worker told, a line for each: `failure 1 retry`. */
export function heard(worker: Worker): string[] {
  const lines: string[] = [];
  for (const name of EVENTS) worker.on(name, (event) => lines.push(lineOf(name, event)));
  return lines;
}

function lineOf<Name extends keyof WorkerEvents>(name: Name, event: WorkerEvents[Name]): string {
  const id = "id" in event ? ` ${event.id}` : "";
  const verdict = "verdict" in event ? ` ${event.verdict}` : "";
  return `${name}${id}${verdict}`;
}

/** A handler that goes on until the test says so. */
export class Gate {
  readonly #waiting = new Set<() => void>();
  /** How many have come so far. */
  entered = 0;

  /** Waits; a signal that is aborted lets it out, with its reason thrown. */
  enter(signal?: AbortSignal): Promise<void> {
    this.entered += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      signal?.addEventListener("abort", () => {
        this.#waiting.delete(resolve);
        reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      });
    });
  }

  /** How many are waiting. */
  get inside(): number {
    return this.#waiting.size;
  }

  /** Lets all out. */
  open(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
