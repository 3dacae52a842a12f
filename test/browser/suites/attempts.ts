/* Attempts: a ledger of what workers that may die at any moment did with numbered jobs, and its
 * audit.
 *
 * A worker that is terminated says nothing more, so its attempts end at the latest when that was
 * asked for; what it had said by then may not have arrived. Each worker's times are those of one
 * clock.
 */
import type { AttemptNews } from "./mortal.ts";

/** One attempt at a job. */
interface Attempt {
  readonly begunAt: number;
  readonly worker: number;
  end: AttemptNews["what"] | "killed";
  endedAt: number;
}

/** Coarseness of the clock, in milliseconds. */
const COARSE_MS = 1;

/** The ledger. */
export class Attempts {
  readonly #attempts = new Map<number, Attempt[]>();
  readonly #workers = new Set<number>();
  readonly #killedAt = new Map<number, number>();
  #count = 0;

  /** How many attempts were begun. */
  get count(): number {
    return this.#count;
  }

  /** Whether that worker has begun an attempt. */
  hasBegun(worker: number): boolean {
    return this.#workers.has(worker);
  }

  heard(worker: number, { what, job, at }: AttemptNews): void {
    const attempts = this.#attempts.get(job) ?? [];
    this.#attempts.set(job, attempts);
    if (what === "begun") {
      this.#count++;
      this.#workers.add(worker);
      attempts.push({ begunAt: at, worker, end: "begun", endedAt: Infinity });
      return;
    }
    const own = attempts.find((one) => one.worker === worker && one.end === "begun");
    if (own !== undefined) Object.assign(own, { end: what, endedAt: at });
  }

  /** That worker is terminated from now on. */
  killed(worker: number, at: number): void {
    this.#killedAt.set(worker, at);
    for (const attempt of [...this.#attempts.values()].flat()) {
      if (attempt.worker !== worker || attempt.end !== "begun") continue;
      Object.assign(attempt, { end: "killed", endedAt: at });
    }
  }

  /**
   * What cannot have been: two that held one job, and a job that was begun once more although it
   * was done and its worker lived on.
   */
  audit(): readonly string[] {
    const problems: string[] = [];
    for (const [job, attempts] of this.#attempts) {
      const sorted = attempts.toSorted((one, other) => one.begunAt - other.begunAt);
      if (sorted.some(({ end }) => end === "begun")) problems.push(`job ${job}: no end is known`);
      for (const [before, next] of pairs(sorted)) {
        const isDone = before.end === "done";
        const freeAt = isDone ? (this.#killedAt.get(before.worker) ?? Infinity) : before.endedAt;
        if (freeAt <= next.begunAt + COARSE_MS) continue;
        problems.push(
          `job ${job} was ${before.end} at ${before.endedAt}, begun at ${next.begunAt}`,
        );
      }
    }
    return problems;
  }
}

function pairs<Item>(items: readonly Item[]): readonly (readonly [Item, Item])[] {
  return items.slice(1).flatMap((next, at) => {
    const before = items[at];
    return before === undefined ? [] : [[before, next] as const];
  });
}
