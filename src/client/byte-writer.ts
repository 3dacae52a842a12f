/* ByteWriter: commands put into memory byte by byte, for those that are written so often that a
 * string of the line would cost more than all else.
 *
 * It is given its memory once and checks no bounds: whoever makes it says how much may be written.
 * Used by commands/many.ts and direct.ts.
 */
import { CR, LF, ZERO } from "../protocol/ascii.ts";

export const CRLF_BYTES = 2;
/** What the longest number takes. */
export const NUMBER_BYTES_MAX = 16;
/** Up to that, integers are divided as such, which takes a third of the time. */
const SMALL_MAX = 0x7fff_ffff;

/** Where commands are written. */
export class ByteWriter {
  readonly #to: Uint8Array<ArrayBuffer>;
  #at = 0;
  #written: Uint8Array<ArrayBuffer>;

  constructor(bytes: number) {
    this.#to = new Uint8Array(bytes);
    this.#written = this.#to;
  }

  /** What has been written: the same object as the last time, if that was as long. */
  get written(): Uint8Array<ArrayBuffer> {
    if (this.#written.length !== this.#at) this.#written = this.#to.subarray(0, this.#at);
    return this.#written;
  }

  /** Begins anew. */
  clear(): void {
    this.#at = 0;
  }

  /** A whole put. */
  put(head: Uint8Array, body: Uint8Array, tail: Uint8Array): void {
    this.putLine(head, body.length, tail);
    this.body(body);
  }

  /** The line of a put: `head` is what stands before the length of the body, `tail` behind it. */
  putLine(head: Uint8Array, length: number, tail: Uint8Array): void {
    this.bytes(head);
    this.number(length);
    this.bytes(tail);
    this.crlf();
  }

  /** A body, and the end of its line. */
  body(body: Uint8Array): void {
    this.#to.set(body, this.#at);
    this.#at += body.length;
    this.crlf();
  }

  /** A few bytes, for which a loop is faster than `set`. */
  bytes(bytes: Uint8Array): void {
    const to = this.#to;
    let at = this.#at;
    for (let index = 0; index < bytes.length; index++) to[at++] = bytes[index] ?? 0;
    this.#at = at;
  }

  /** The digits of a whole number. */
  number(value: number): void {
    const to = this.#to;
    let end = this.#at + 1;
    for (let power = 10; power <= value; power *= 10) end++;
    let at = end;
    let rest = value;
    for (; rest > SMALL_MAX; at--) {
      const next = Math.floor(rest / 10);
      to[at - 1] = ZERO + (rest - next * 10);
      rest = next;
    }
    for (let small = rest | 0; at > this.#at; at--) {
      const next = (small / 10) | 0;
      to[at - 1] = ZERO + small - next * 10;
      small = next;
    }
    this.#at = end;
  }

  crlf(): void {
    this.#to[this.#at++] = CR;
    this.#to[this.#at++] = LF;
  }
}
