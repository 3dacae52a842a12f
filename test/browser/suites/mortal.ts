/* Mortal: a worker that has joined a queue and runs its jobs until it is terminated, at any moment.
 * It tells of each attempt when that begins and ends, on a clock that all workers share. Started by
 * workers.ts.
 */
import { tell as post } from "../../../src/browser/started-worker.ts";
import { createWorker, joinQueue } from "../../../src/entries/browser.ts";
import type { SharedQueue } from "../../../src/entries/browser.ts";
import { Random } from "../../support/random.ts";
import { nowMillis, numbered, resultOf } from "./numbered.ts";

/** What it is started with. */
export interface MortalOrders {
  readonly shared: SharedQueue;
  readonly seed: number;
}

/** What it tells of an attempt, and when, in milliseconds. */
export interface AttemptNews {
  readonly what: "begun" | "done" | "thrown";
  readonly job: number;
  readonly at: number;
}

async function work({ shared, seed }: MortalOrders): Promise<void> {
  const random = new Random(seed);
  const queue = await joinQueue(shared);
  const tell = (what: AttemptNews["what"], job: number): void => {
    const news: AttemptNews = { what, job, at: nowMillis() };
    post(news);
  };
  const worker = createWorker(queue, {
    concurrency: random.between(1, 4),
    prefetch: random.below(4),
    handlers: [
      numbered.handler(async (job) => {
        tell("begun", job);
        await new Promise((resolve) => setTimeout(resolve, random.below(8)));
        const isThrown = random.oneIn(10);
        tell(isThrown ? "thrown" : "done", job);
        if (isThrown) throw new TypeError("by chance");
        return resultOf(job);
      }),
    ],
  });
  await worker.run();
}

addEventListener("message", ({ data }: MessageEvent<MortalOrders>) => void work(data), {
  once: true,
});
post("ready");
