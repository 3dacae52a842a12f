/* TubeSurvey: going through all tubes of a shard, a bounded part of them at a time, and reading
 * what the engine says of each.
 *
 * Between two pieces nothing is held: tubes may come and go, and one that does may be seen or not;
 * each tube is seen at most once. The figures of a piece are copied out, so they stay good until
 * the next piece. What a piece looks like is assembly/layouts.ts's to say.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "./shard.ts";

const LATIN1 = new TextDecoder("latin1");
/** Where the figures of an entry begin. */
const FIGURES_OFFSET = L.TUBE_ENTRY_HEADER / 8;
/** Where the name of an entry begins. */
const NAME_OFFSET = L.TUBE_ENTRY_HEADER + C.TUBE_FIGURES * 8;

/** One way through the tubes of one shard. */
export class TubeSurvey {
  readonly #shard: Shard;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #numbers: Float64Array;
  readonly #lengths: Uint32Array;
  /** Where the entries of the piece begin, in units of 8 bytes. */
  readonly #starts: number[] = [];
  #lastNumber = 0;
  #lastName: Uint8Array = new Uint8Array(0);

  constructor(shard: Shard) {
    const piece = new ArrayBuffer(C.OUTPUT_BYTES);
    this.#shard = shard;
    this.#bytes = new Uint8Array(piece);
    this.#numbers = new Float64Array(piece);
    this.#lengths = new Uint32Array(piece);
  }

  /**
   * Reads the next piece at that time, in microseconds; false at the end. One short critical
   * section.
   */
  next(now: number): boolean {
    const shard = this.#shard;
    shard.input.set(this.#lastName);
    const { length } = this.#lastName;
    this.#starts.length = 0;
    if (shard.surveyTubes(this.#lastNumber, 0, length, now) === C.NONE) return false;
    this.#bytes.set(shard.output);
    let at = 0;
    for (let left = shard.field(C.RESULT_COUNT); left > 0; left--) {
      this.#starts.push(at);
      at += Math.ceil((NAME_OFFSET + this.#nameBytes(at)) / 8);
    }
    const last = this.#starts.length - 1;
    this.#lastNumber = this.number(last);
    this.#lastName = this.nameOf(last).slice();
    return true;
  }

  /** Tubes in the piece. */
  get count(): number {
    return this.#starts.length;
  }

  /** When the tube was made, among all tubes: no two have the same. */
  number(index: number): number {
    return this.#numbers[this.#start(index) + L.TUBE_ENTRY_NUMBER / 8] ?? 0;
  }

  /** A figure (TUBE_*) of a tube of the piece. */
  figure(index: number, which: number): number {
    return this.#numbers[this.#start(index) + FIGURES_OFFSET + which] ?? 0;
  }

  /** Its name. */
  name(index: number): string {
    return LATIN1.decode(this.nameOf(index));
  }

  /** Its name in bytes; good until the next piece. */
  nameOf(index: number): Uint8Array {
    const start = this.#start(index);
    const from = start * 8 + NAME_OFFSET;
    return this.#bytes.subarray(from, from + this.#nameBytes(start));
  }

  #start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  #nameBytes(start: number): number {
    return this.#lengths[start * 2 + L.TUBE_ENTRY_NAME_BYTES / 4] ?? 0;
  }
}
