/* Samples of the model: a tube's last times: moving averages, the least and the most, and the last
 * thousand, as lists of all that there were.
 */

const SLOW_MICROS = 100_000;
const KEPT = 1000;

/** Every time of a kind so far. */
class Times {
  readonly all: number[] = [];

  add(micros: number): void {
    this.all.push(Math.max(1, micros));
  }

  get average(): number {
    return this.all.reduce((average, one, at) => (at === 0 ? one : 0.1 * one + 0.9 * average), 0);
  }

  get least(): number {
    return this.all.length === 0 ? 0 : Math.min(...this.all);
  }

  get most(): number {
    return Math.max(0, ...this.all);
  }
}

/** The times of one tube. */
export class ModelSamples {
  readonly #queue = new Times();
  readonly #process = new Times();
  readonly #fast = new Times();
  readonly #slow = new Times();

  /** From the put to a reservation. */
  queued(micros: number): void {
    this.#queue.add(micros);
  }

  /** From a reservation to the delete by its holder. */
  processed(micros: number): void {
    this.#process.add(micros);
    (micros < SLOW_MICROS ? this.#fast : this.#slow).add(micros);
  }

  /** In the order of SAMPLE_* of assembly/layouts.ts. */
  get figures(): readonly number[] {
    const [queue, process, fast, slow] = [this.#queue, this.#process, this.#fast, this.#slow];
    return [
      ...[queue.average, queue.least, queue.most, queue.all.length],
      ...[process.average, process.least, process.most],
      ...[fast.average, fast.all.length, slow.average, slow.all.length],
    ];
  }

  /** The last slow ones, or fast ones if there was no slow one, ascending. */
  get last(): readonly number[] {
    const { all } = this.#slow.all.length > 0 ? this.#slow : this.#fast;
    return all.slice(-KEPT).toSorted((a, b) => a - b);
  }
}
