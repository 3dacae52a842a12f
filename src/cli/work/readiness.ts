/* Readiness: whether the workers of `homemaker work` can be counted on: they run, have slots, and
 * the queue answers. Asked over HTTP by anybody, so one look at the queue serves all who ask within
 * a second. Used by work.ts.
 */
import { queueTrouble } from "../../worker/health.ts";
import type { JobQueue } from "../../worker/job-queue.ts";
import type { Worker } from "../../worker/worker.ts";

const FRESH_MS = 1000;

/** What is behind /readyz. */
export class Readiness {
  #state: "starting" | "running" | "stopping" = "starting";
  #workers: readonly Worker[] = [];
  #queue: JobQueue | undefined;
  #look: Promise<string | undefined> | undefined;
  #lookedAt = -Infinity;

  begin(queue: JobQueue, workers: readonly Worker[]): void {
    this.#state = "running";
    this.#queue = queue;
    this.#workers = workers;
  }

  end(): void {
    this.#state = "stopping";
  }

  /** Why not; undefined if there is no reason. */
  async trouble(): Promise<string | undefined> {
    if (this.#state !== "running" || this.#queue === undefined) return this.#state;
    const now = performance.now();
    if (this.#look === undefined || now - this.#lookedAt > FRESH_MS) {
      this.#lookedAt = now;
      this.#look = queueTrouble(this.#queue);
    }
    const trouble = await this.#look;
    if (trouble !== undefined) return trouble;
    const isIdle = this.#workers.every((worker) => worker.status().slots === 0);
    return isIdle ? "no slot is ready" : undefined;
  }
}
