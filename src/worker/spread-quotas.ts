/* Spread quotas: how the jobs that a consumer may hold are divided among servers which do not take
 * back what is too much without a cost: so that no more comes than can be held.
 *
 * Each server has a quota, and the quotas are the window altogether. Every now and then, if one
 * server has jobs for more than its quota and another one for less, they are divided anew: who has
 * less keeps what it used, one at least, since nobody knows when its next job comes. With fewer
 * places than servers these have them in turn.
 *
 * Invariants: what is held and what may come is the window at most, also while quotas change: one
 * grows as another has shrunk. Used by spread-consumer.ts.
 */

/** The quotas of so many servers. */
export class SpreadQuotas {
  #total = 0;
  #turn = 0;
  #quotas: readonly number[];
  #windows: readonly number[];
  /** The most that each has held since they were divided. */
  #peaks: readonly number[];

  constructor(count: number) {
    this.#quotas = this.#windows = this.#peaks = Array.from({ length: count }, () => 0);
  }

  /** How many jobs of each server may be held; `counts` are those that are. */
  windows(total: number, counts: readonly number[]): readonly number[] {
    if (total !== this.#total) {
      this.#total = total;
      this.#quotas = evenly(total, counts.length, this.#turn);
    }
    this.#peaks = this.#peaks.map((peak, at) => Math.max(peak, counts[at] ?? 0));
    const taken = this.#windows.map((window, at) =>
      Math.max(Math.min(window, this.#quotas[at] ?? 0), counts[at] ?? 0),
    );
    let spare = total - sum(taken);
    this.#windows = this.#quotas.map((quota, at) => {
      const held = taken[at] ?? 0;
      const more = Math.max(0, Math.min(spare, quota - held));
      spare -= more;
      return Math.min(quota, held + more);
    });
    return this.#windows;
  }

  /** Whether another division may bring more jobs. */
  isUneven(counts: readonly number[]): boolean {
    if (this.#total <= sum(counts)) return false;
    if (this.#total < counts.length) return true;
    const isFull = this.#windows.map((window, at) => (counts[at] ?? 0) >= window);
    const hasSpare = this.#quotas.some((quota, at) => isFull[at] === false && quota > 1);
    return hasSpare && isFull.includes(true);
  }

  /** Divides them anew. */
  divide(counts: readonly number[]): void {
    this.#turn++;
    const isFull = this.#windows.map((window, at) => (counts[at] ?? 0) >= window);
    // One that waits for a job goes on waiting: the job may be on its way, and would go back.
    const kept = this.#peaks.map((peak, at) =>
      isFull[at] === true ? 0 : Math.max(peak, (counts[at] ?? 0) + 1),
    );
    this.#peaks = counts;
    if (this.#total < counts.length) {
      this.#quotas = evenly(this.#total, counts.length, this.#turn);
      return;
    }
    const full = isFull.filter(Boolean).length;
    const rest = this.#total - sum(kept);
    if (full === 0 || rest < full) return;
    const shares = evenly(rest, full, this.#turn);
    let next = 0;
    this.#quotas = kept.map((keeps, at) => (isFull[at] === true ? (shares[next++] ?? 0) : keeps));
  }
}

/** So many for each of `count`; what is left over goes to those whose turn it is. */
function evenly(total: number, count: number, turn: number): readonly number[] {
  const each = Math.floor(total / count);
  const over = total % count;
  return Array.from({ length: count }, (_, at) => each + ((at + turn) % count < over ? 1 : 0));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
