/* TubeLedger: which tubes have a label of their own, and what the others have counted together.
 *
 * Prometheus takes a counter that goes back for one that was reset, so the sum of "the others" may
 * never fall, whatever tubes come, go, or get a label. What a tube had counted when it got its
 * label stays with the others: their sum is the whole server's count less what was counted under
 * labels since. When such a tube goes, or loses its label, what it had then stays taken off. So
 * what happens is in exactly one series. Used by scrape.ts, once a scrape.
 */

/** A tube that shall have a label now. */
export interface LabelledTube {
  /** Tells it from every other tube there ever was. */
  readonly key: number;
  /** What it has counted, always in the same order. */
  readonly counts: Float64Array;
}

interface Account {
  /** What it had counted when it got its label. */
  readonly base: Float64Array;
  /** What it had at the last scrape; never goes back. */
  readonly latest: Float64Array;
}

/** The book over all scrapes of a server. */
export class TubeLedger {
  readonly #size: number;
  #accounts = new Map<number, Account>();
  /** What was counted under labels that are gone. */
  readonly #closed: Float64Array;
  readonly #others: Float64Array;
  readonly #server: Float64Array;
  #hasOthers = false;

  /** A book of so many counts a tube. */
  constructor(size: number) {
    this.#size = size;
    this.#closed = new Float64Array(size);
    this.#others = new Float64Array(size);
    this.#server = new Float64Array(size);
  }

  /**
   * Enters a scrape. `server` is what the whole server has counted, read before the tubes were;
   * `isKnown` says whether a tube was there at the last scrape. Returns what the labelled tubes
   * have counted, in their order.
   */
  settle(
    server: Float64Array,
    labelled: readonly LabelledTube[],
    isKnown: (key: number) => boolean,
  ): readonly Float64Array[] {
    raise(this.#server, server);
    const accounts = new Map<number, Account>();
    for (const { key, counts } of labelled) {
      const account = this.#accounts.get(key) ?? this.#open(counts, isKnown(key));
      raise(account.latest, counts);
      accounts.set(key, account);
    }
    for (const [key, account] of this.#accounts) {
      if (!accounts.has(key)) this.#close(account);
    }
    this.#accounts = accounts;
    this.#balance();
    return labelled.map(({ key }) => accounts.get(key)?.latest ?? new Float64Array(this.#size));
  }

  /**
   * What all tubes without a label have counted together, those included that are gone; undefined
   * as long as there was none.
   */
  get others(): Float64Array | undefined {
    return this.#hasOthers ? this.#others : undefined;
  }

  /** What the whole server has counted. */
  get server(): Float64Array {
    return this.#server;
  }

  /** A tube that was there before without a label has been counted among the others so far. */
  #open(counts: Float64Array, wasKnown: boolean): Account {
    return {
      base: wasKnown ? counts.slice() : new Float64Array(this.#size),
      latest: new Float64Array(this.#size),
    };
  }

  #close({ base, latest }: Account): void {
    for (let at = 0; at < this.#size; at++) {
      this.#closed[at] = (this.#closed[at] ?? 0) + (latest[at] ?? 0) - (base[at] ?? 0);
    }
  }

  #balance(): void {
    const rest = this.#server.slice();
    const accounts = [...this.#accounts.values()];
    for (let at = 0; at < this.#size; at++) {
      const taken = accounts.reduce(
        (sum, { base, latest }) => sum + (latest[at] ?? 0) - (base[at] ?? 0),
        this.#closed[at] ?? 0,
      );
      rest[at] = (rest[at] ?? 0) - taken;
    }
    raise(this.#others, rest);
    this.#hasOthers ||= this.#others.some((count) => count > 0);
  }
}

/**
 * Raises each of `counts` to what `to` has, where that is more: a reservation that is undone, or a
 * later look elsewhere, lets none fall.
 */
function raise(counts: Float64Array, to: Float64Array): void {
  for (const [at, count] of to.entries()) counts[at] = Math.max(counts[at] ?? 0, count);
}
