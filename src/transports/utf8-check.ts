/* UTF-8 check: whether bytes that come in pieces of any size are UTF-8.
 *
 * It says no at the first byte that can be none, without waiting for the end: overlong forms,
 * surrogates and what lies above U+10FFFF are refused by the range that the byte after the lead may
 * have. Used by frame-reader.ts, one for each text message.
 */

const TAIL_LEAST = 0x80;
const TAIL_MOST = 0xbf;

/** The first byte after a lead may have fewer values than the others. */
const SECOND: Readonly<Record<number, readonly [least: number, most: number]>> = {
  0xe0: [0xa0, TAIL_MOST],
  0xed: [TAIL_LEAST, 0x9f],
  0xf0: [0x90, TAIL_MOST],
  0xf4: [TAIL_LEAST, 0x8f],
};

/** One text. */
export class Utf8Check {
  /** Bytes that the last character still needs, and between which values the next one lies. */
  #missing = 0;
  #least = TAIL_LEAST;
  #most = TAIL_MOST;

  /** Takes bytes[from, to); false if the text is no UTF-8, whatever follows. */
  take(bytes: Uint8Array, from: number, to: number): boolean {
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#missing === 0) {
        if (byte >= TAIL_LEAST && !this.#begin(byte)) return false;
      } else {
        if (byte < this.#least || byte > this.#most) return false;
        this.#missing--;
        this.#least = TAIL_LEAST;
        this.#most = TAIL_MOST;
      }
    }
    return true;
  }

  /** Whether the text may end here. */
  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** False if no character begins so. */
  #begin(lead: number): boolean {
    if (lead < 0xc2 || lead > 0xf4) return false;
    if (lead < 0xe0) this.#missing = 1;
    else this.#missing = lead < 0xf0 ? 2 : 3;
    [this.#least, this.#most] = SECOND[lead] ?? [TAIL_LEAST, TAIL_MOST];
    return true;
  }
}
