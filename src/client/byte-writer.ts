/* ByteWriter: commands put into memory byte by byte, for those that are written so often that a
 * string of the line would cost more than all else.
 *
 * It is given its memory once and checks no bounds: whoever makes it says how much may be written.
 * Used by commands/many.ts and direct.ts.
 */

export const CRLF_BYTES = 2;
/** What the longest number takes. */
export const NUMBER_BYTES_MAX = 16;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;

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
    this.bytes(head);
    this.number(body.length);
    this.bytes(tail);
    this.crlf();
    this.#to.set(body, this.#at);
    this.#at += body.length;
    this.crlf();
  }

  /** A few bytes, for which a loop is faster than `set`. */
  bytes(bytes: Uint8Array): void {
    let at = this.#at;
    for (let index = 0; index < bytes.length; index++) this.#to[at++] = bytes[index] ?? 0;
    this.#at = at;
  }

  /** The digits of a whole number. */
  number(value: number): void {
    let end = this.#at + 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
    let rest = value;
    for (let at = end - 1; at >= this.#at; at--) {
      const next = Math.floor(rest / 10);
      this.#to[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.#at = end;
  }

  crlf(): void {
    this.#to[this.#at++] = CR;
    this.#to[this.#at++] = LF;
  }
}
