/* Slab: memory for many short pieces of bytes, a part of one allocation for each: an allocation of
 * its own costs a piece more than all that is done with it.
 *
 * Invariant: no two pieces share a byte. They do share a buffer: none may be transferred to another
 * thread, so pieces are for bytes that stay in here, not for what users are handed.
 */

const SLAB_BYTES = 8192;
/** What may be longer gets memory of its own. */
const PIECE_BYTES_MAX = SLAB_BYTES / 4;
/** A character of a text is at most so many bytes of UTF-8. */
const CHARACTER_BYTES_MAX = 3;
const ENCODER = new TextEncoder();

/** Where pieces are cut from. */
export class Slab {
  #bytes = new Uint8Array(0);
  #at = 0;

  /** A text as UTF-8. */
  encode(text: string): Uint8Array {
    const most = text.length * CHARACTER_BYTES_MAX;
    if (most > PIECE_BYTES_MAX) return ENCODER.encode(text);
    if (this.#bytes.length - this.#at < most) {
      this.#bytes = new Uint8Array(SLAB_BYTES);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += ENCODER.encodeInto(text, this.#bytes.subarray(from)).written;
    return this.#bytes.subarray(from, this.#at);
  }
}
