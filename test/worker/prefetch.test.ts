/*
 * A worker with jobs at hand: the next one begins when the handler before it has ended, not when
 * the queue has said that its job is done: no round trip a job.
 */
import { expect, test } from "vitest";
import { createWorker, defineJob, unchecked } from "../../src/entries/queue.ts";
import type { HeldJob, QueueBackend } from "../../src/entries/queue.ts";
import { Queue } from "../../src/worker/queue.ts";
import { until } from "../support/until.ts";
import { around } from "./around.ts";
import { WorkerBed } from "./worker-bed.ts";

const job = defineJob("job", { payload: unchecked<number>() });

/** What an end of a job waits for before the back end hears of it. */
class SlowEnds {
  readonly #waiting: (() => void)[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  letOn(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** The same back end, for a worker; each job that it gives is slow to be completed. */
  around(backend: QueueBackend): QueueBackend {
    const take = (held: HeldJob): HeldJob => ({
      id: held.id,
      tube: held.tube,
      attempt: held.attempt,
      body: held.body,
      signal: held.signal,
      get isHeld() {
        return held.isHeld;
      },
      complete: async (completion) => {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        await held.complete(completion);
      },
      release: (options) => held.release(options),
      handBack: (options) => held.handBack(options),
      bury: (options) => held.bury(options),
      moveTo: (tube, options) => held.moveTo(tube, options),
      discard: () => held.discard(),
      renew: () => held.renew(),
      progress: (note) => held.progress(note),
    });
    return around(backend, {
      consume: (tubes, options) =>
        backend.consume(tubes, { ...options, take: (held) => options.take(take(held)) }),
    });
  }
}

test.each([
  [0, 1],
  [9, 10],
])(
  "with a prefetch of %d a slot has run %d before the first is known to be done",
  async (prefetch, count) => {
    await using bed = await WorkerBed.open("memory");
    const ends = new SlowEnds();
    const ran: number[] = [];
    await using worker = createWorker(new Queue(ends.around(bed.queue.backend)), {
      concurrency: 1,
      prefetch,
      clock: bed.clock,
      handlers: [job.handler((payload) => void ran.push(payload))],
    });
    const numbers = Array.from({ length: 25 }, (_, at) => at);
    await bed.queue.enqueueMany(job, numbers);
    void worker.run();
    await until("they have run", () => ends.waiting === count);
    expect(await bed.queue.stats("job")).toMatchObject({ active: count, available: 25 - count });
    expect(ran).toEqual(numbers.slice(0, count));
    await until("all have run", () => {
      ends.letOn();
      return ran.length === 25;
    });
    expect(ran).toEqual(numbers);
    await until("all are done", async () => {
      ends.letOn();
      return (await bed.queue.stats("job")).active === 0;
    });
  },
);
