/* LineFraming: where the command lines are in a connection's input, when they do not lie in it
 * whole.
 *
 * It keeps the beginning of a line whose end has not come, and skips a line that is too long to its
 * end, however the input is cut. A line ends at the first CR LF. Used by the session for every line
 * that the engine did not take.
 */

import { looksLikeAnotherProtocol } from "../protocol/foreign.ts";
import { findLineEnd } from "../protocol/line.ts";
import { lineBytesMax, PLAIN_LINE_BYTES } from "../protocol/line-length.ts";

const CR = 13;
const LF = 10;

/* What `take` found. */
/** The input ends within a line. */
const UNFINISHED = 0;
/** A line: `line` from `start` to `end`, without its CRLF. */
export const LINE = 1;
/** The end of a line that was too long. */
export const TOO_LONG = 2;
/** The beginning of HTTP or TLS. */
export const FOREIGN = 3;

const NOTHING = new Uint8Array(0);

/** The framing of one connection's lines. */
export class LineFraming {
  /** The line that `take` found, until it is let go. */
  line: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** Position in the input behind what `take` took. */
  next = 0;
  /**
   * The beginning of a line whose end has not come yet; made when first needed, and larger when a
   * long line needs it.
   */
  #carry: Uint8Array | undefined;
  #carried = 0;
  #isDiscarding = false;
  /** While discarding: the last byte seen was a CR. */
  #sawCr = false;

  /** Whether the next byte of input begins a line. */
  get isAtStart(): boolean {
    return this.#carried === 0 && !this.#isDiscarding;
  }

  /** Looks for the end of a line in bytes[at, end). */
  take(bytes: Uint8Array, at: number, end: number): number {
    if (this.#isDiscarding) return this.#discard(bytes, at, end);
    if (this.#carried > 0) return this.#goOn(bytes, at, end);
    const window = Math.min(end, at + lineBytesMax(bytes, at, end));
    const cr = findLineEnd(bytes, at, window);
    if (cr < 0) return this.#begin(bytes, at, window);
    return this.#found(bytes, at, cr, cr + 2);
  }

  /**
   * The line that `take` found is to be found again: it was not the time for it. Returns the
   * position to go on from, instead of `next`.
   */
  putBack(): number {
    const bytes = this.end - this.start;
    const carry = this.#carryOf(bytes + 1);
    carry.set(this.line.subarray(this.start, this.end));
    carry[bytes] = CR;
    this.#carried = bytes + 1;
    return this.next - 1; // its LF
  }

  /** The line that `take` found was read: its memory is the input's owner's again. */
  forget(): void {
    this.line = NOTHING;
    if (this.#carried === 0 && (this.#carry?.length ?? 0) > PLAIN_LINE_BYTES)
      this.#carry = undefined;
  }

  /** Memory for that many bytes of a line, with what was kept of it. */
  #carryOf(bytes: number): Uint8Array {
    const known = this.#carry;
    if (known !== undefined && known.length >= bytes) return known;
    const carry = new Uint8Array(Math.max(bytes, PLAIN_LINE_BYTES));
    if (known !== undefined) carry.set(known.subarray(0, this.#carried));
    this.#carry = carry;
    return carry;
  }

  #found(line: Uint8Array, start: number, end: number, next: number): number {
    this.line = line;
    this.start = start;
    this.end = end;
    this.next = next;
    return LINE;
  }

  /** Keeps the beginning of a line whose end is not in bytes[at, window). */
  #begin(bytes: Uint8Array, at: number, window: number): number {
    this.next = window;
    if (looksLikeAnotherProtocol(bytes, at, window)) return FOREIGN;
    if (window - at === lineBytesMax(bytes, at, window)) return this.#discardFrom(bytes, window);
    this.#carryOf(window - at).set(bytes.subarray(at, window));
    this.#carried = window - at;
    return UNFINISHED;
  }

  /**
   * Goes on with a line whose beginning was kept: as far as a plain line can go, and further if it
   * turns out to be a longer one.
   */
  #goOn(bytes: Uint8Array, at: number, end: number): number {
    const before = this.#carried;
    const plain = this.#keep(bytes, at, end, PLAIN_LINE_BYTES);
    const most = lineBytesMax(this.#carryOf(plain), 0, plain);
    const filled = this.#keep(bytes, at + plain - before, end, most);
    const carry = this.#carryOf(filled);
    const cr = findLineEnd(carry, before - 1, filled);
    if (cr >= 0) {
      this.#carried = 0;
      return this.#found(carry, 0, cr, at + cr + 2 - before);
    }
    this.next = at + filled - before;
    if (looksLikeAnotherProtocol(carry, 0, filled)) return FOREIGN;
    return filled === most ? this.#discardFrom(carry, filled) : UNFINISHED;
  }

  /** Keeps more of a line, up to `most` bytes of it; returns how many there are. */
  #keep(bytes: Uint8Array, at: number, end: number, most: number): number {
    const before = this.#carried;
    const given = Math.max(0, Math.min(end - at, most - before));
    this.#carryOf(before + given).set(bytes.subarray(at, at + given), before);
    this.#carried = before + given;
    return before + given;
  }

  /** The line is too long: nothing of it counts. */
  #discardFrom(bytes: Uint8Array, end: number): number {
    this.#carried = 0;
    this.#isDiscarding = true;
    this.#sawCr = bytes[end - 1] === CR;
    return UNFINISHED;
  }

  #discard(bytes: Uint8Array, at: number, end: number): number {
    const next = this.#endOfDiscarded(bytes, at, end);
    this.next = next < 0 ? end : next;
    this.#isDiscarding = next < 0;
    this.#sawCr = bytes[end - 1] === CR;
    return next < 0 ? UNFINISHED : TOO_LONG;
  }

  /**
   * The position behind the line's end, whose CR may have come before; -1 when it is not there yet.
   */
  #endOfDiscarded(bytes: Uint8Array, at: number, end: number): number {
    if (this.#sawCr && bytes[at] === LF) return at + 1;
    const cr = findLineEnd(bytes, at, end);
    return cr < 0 ? -1 : cr + 2;
  }
}
