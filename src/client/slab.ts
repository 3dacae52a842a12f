/* Slab: memory from which bodies of jobs are cut: memory for each would cost more than all else.
 *
 * Each begins at a multiple of 8 bytes, so that it can be read as numbers of any kind; their memory
 * stays for as long as one of those that share it is used. Many bodies may come in one piece, with
 * what is said of them between (near-commands.ts). Used by direct.ts and near.ts.
 */

const SLAB_BYTES = 65_536;
const ALIGN_BYTES = 8;
/** Longer ones have memory of their own. */
const SHARED_BYTES_MAX = 4096;

/** Bodies of one client. */
export class Slab {
  #buffer = new ArrayBuffer(0);
  #at = 0;

  /** Memory for a body, or for many. */
  cut(bytes: number): Uint8Array {
    if (bytes > SHARED_BYTES_MAX) return new Uint8Array(bytes);
    let begin = Math.ceil(this.#at / ALIGN_BYTES) * ALIGN_BYTES;
    if (this.#buffer.byteLength - begin < bytes) {
      this.#buffer = new ArrayBuffer(SLAB_BYTES);
      begin = 0;
    }
    this.#at = begin + bytes;
    return new Uint8Array(this.#buffer, begin, bytes); // `subarray` costs twice as much
  }

  /** A copy of bytes[from, to). */
  copy(bytes: Uint8Array, from: number, to: number): Uint8Array {
    const copy = this.cut(to - from);
    for (let index = 0; index < copy.length; index++) copy[index] = bytes[from + index] ?? 0;
    return copy;
  }
}
