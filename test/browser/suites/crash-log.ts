/* Crash log: what an owner of a queue has asked of it and been answered, in memory that it shares
 * with whoever terminates it: what it posted last might never arrive, what it wrote here is there.
 */

/** What is written down. A put has no id before it is answered. */
const KINDS = ["put asked", "put answered", "delete asked", "delete answered"] as const;
export type Kind = (typeof KINDS)[number];

/** One line. */
export interface LogEntry {
  readonly kind: Kind;
  /** The number of the job's body (`bodyOf`). */
  readonly number: number;
  /** 0 where it is not known. */
  readonly id: number;
}

const WORDS_PER_ENTRY = 3;
const LONGEST = 20_000;
/** Spreads lengths over all that there are; a prime. */
const SPREAD = 7919;

/** One. */
export class CrashLog {
  /** How many entries, and then these. */
  readonly words: Int32Array<SharedArrayBuffer>;
  #read = 0;

  constructor(words: Int32Array<SharedArrayBuffer>) {
    this.words = words;
  }

  static ofRoom(entries: number): CrashLog {
    const bytes = (1 + entries * WORDS_PER_ENTRY) * Int32Array.BYTES_PER_ELEMENT;
    return new CrashLog(new Int32Array(new SharedArrayBuffer(bytes)));
  }

  /** Whether there is no room for one more entry. */
  get isFull(): boolean {
    return 1 + (this.#count + 1) * WORDS_PER_ENTRY > this.words.length;
  }

  /** Only its owner writes. The entry is there when the count says so. */
  add(kind: Kind, number: number, id = 0): void {
    if (this.isFull) throw new Error("the log is full");
    this.words.set([KINDS.indexOf(kind), number, id], 1 + this.#count * WORDS_PER_ENTRY);
    Atomics.add(this.words, 0, 1);
  }

  /** What was written since this was asked last. */
  *news(): Iterable<LogEntry> {
    const count = this.#count;
    for (let at = this.#read; at < count; at++) {
      const start = 1 + at * WORDS_PER_ENTRY;
      const [kind = 0, number = 0, id = 0] = this.words.subarray(start, start + WORDS_PER_ENTRY);
      this.#read = at + 1;
      yield { kind: KINDS[kind] ?? "put asked", number, id };
    }
  }

  get #count(): number {
    return Atomics.load(this.words, 0);
  }
}

/** The body of the job with that number. */
export function bodyOf(number: number): string {
  return `${number} `.padEnd(8 + ((number * SPREAD) % LONGEST), "job ");
}

/** The number of a body; undefined if it is not as it was put. */
export function numberOf(body: string): number | undefined {
  const number = Number.parseInt(body, 10);
  return body === bodyOf(number) ? number : undefined;
}
