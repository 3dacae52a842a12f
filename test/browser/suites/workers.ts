/* Suite: workers of a page that have joined its queue, and are terminated at any moment, as the
 * browser does it, without a word to anybody. Others take their place.
 *
 * Each job comes to its result; none is held by two at a time; and none is begun once more but
 * after its worker was terminated, or its handler had thrown.
 */
import { openQueue, shareQueue } from "../../../src/entries/browser.ts";
import type { JobQueue } from "../../../src/entries/browser.ts";
import { Random } from "../../support/random.ts";
import { Attempts } from "./attempts.ts";
import type { AttemptNews, MortalOrders } from "./mortal.ts";
import { nowMillis, numbered, resultOf } from "./numbered.ts";
import { runSuite } from "./reporting.ts";

const WORKERS = 4;
const JOBS = 400;
/** Between two deaths, at most. */
const LIFE_MS = 250;
/** For a result, on a machine that has much else to do. */
const PATIENCE = "2m";

/** Workers of which there are always some. */
class Crew {
  readonly #queue: JobQueue;
  readonly #random: Random;
  readonly #attempts: Attempts;
  readonly #alive = new Map<number, Worker>();
  #hired = 0;

  constructor(queue: JobQueue, random: Random, attempts: Attempts) {
    this.#queue = queue;
    this.#random = random;
    this.#attempts = attempts;
  }

  get killed(): number {
    return this.#hired - this.#alive.size;
  }

  hire(): void {
    while (this.#alive.size < WORKERS) {
      const name = this.#hired++;
      const worker = new Worker("/test/browser/suites/mortal.js", { type: "module" });
      worker.addEventListener("message", ({ data }: MessageEvent<AttemptNews | "ready">) => {
        if (data !== "ready") return this.#attempts.heard(name, data);
        const shared = shareQueue(this.#queue);
        const orders: MortalOrders = { shared, seed: this.#random.word() };
        worker.postMessage(orders, [shared.port as MessagePort]);
      });
      this.#alive.set(name, worker);
    }
  }

  /**
   * Terminates one of them that has begun something, if there is one: on a busy machine the others
   * would never come to that.
   */
  kill(): void {
    const some = [...this.#alive].filter(([name]) => this.#attempts.hasBegun(name));
    if (some.length === 0) return;
    const [name, worker] = this.#random.pick(some);
    this.#alive.delete(name);
    this.#attempts.killed(name, nowMillis());
    worker.terminate();
  }

  /** Workers come and go until it is over. */
  async disturb(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      this.hire();
      await new Promise((resolve) => setTimeout(resolve, this.#random.below(LIFE_MS)));
      this.kill();
    }
  }

  dismiss(): void {
    for (const worker of this.#alive.values()) worker.terminate();
  }
}

runSuite(async (reporting, { seed, scale }) => {
  const random = new Random(seed);
  const attempts = new Attempts();
  const jobs = JOBS * scale;
  await using queue = await openQueue({ memory: true });
  const crew = new Crew(queue, random, attempts);
  const numbers = Array.from({ length: jobs }, (_, at) => at);
  const enqueued = await queue.enqueueMany(numbered, numbers);
  let isOver = false;
  const results = enqueued.map(async (one, at) => {
    const result = await one.result({ timeout: PATIENCE });
    return reporting.check(`job ${at} comes to its result`, () => {
      if (result !== resultOf(at)) throw new Error(`it came to ${result}`);
    });
  });
  const all = Promise.all(results).finally(() => (isOver = true));
  const disturbing = crew.disturb(() => isOver);
  await all;
  await disturbing;
  crew.dismiss();
  reporting.count("workers terminated", crew.killed);
  reporting.count("attempts", attempts.count);
  await reporting.check("no job was held by two, or begun again without a reason", () => {
    const problems = attempts.audit();
    if (problems.length > 0) throw new Error(problems.join("\n"));
  });
});
