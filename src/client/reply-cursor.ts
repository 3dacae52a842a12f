/* ReplyCursor: reads the three commonest replies at sight, from the bytes that came.
 *
 * It takes only what is whole and exactly as the server writes it. Anything else it leaves, and the
 * reader of all replies (protocol/reply-reader.ts) goes on there: that alone says what a reply may
 * be. Used by commands/many.ts and direct.ts.
 */
import { asciiBytes, CR, LF, SPACE, ZERO } from "../protocol/ascii.ts";

const INSERTED = asciiBytes("INSERTED ");
const RESERVED = asciiBytes("RESERVED ");
const DELETED = asciiBytes("DELETED\r\n");
/** So many digits are no more than can be counted exactly. */
const DIGITS_MAX = 15;
const NONE = -1;

/** Where in some bytes the next reply is read. */
export class ReplyCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Where the body of the last RESERVED lies. */
  bodyFrom = 0;
  bodyTo = 0;

  begin(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.at = at;
  }

  /** Whether all has been read. */
  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /**
   * The id of an `INSERTED <id>`; -1, and `at` means nothing, where something else stands there.
   */
  inserted(): number {
    if (!this.#passes(INSERTED)) return NONE;
    const id = this.#number();
    return this.#ends() ? id : NONE;
  }

  /** The id of a `RESERVED <id> <bytes>` with a body of at most so many; else as `inserted`. */
  reserved(bodyBytesMax: number): number {
    if (!this.#passes(RESERVED)) return NONE;
    const id = this.#number();
    if (this.bytes[this.at++] !== SPACE) return NONE;
    const length = this.#number();
    if (length < 0 || length > bodyBytesMax || !this.#ends()) return NONE;
    this.bodyFrom = this.at;
    this.at += length;
    this.bodyTo = this.at;
    return this.#ends() ? id : NONE;
  }

  /** Whether a `DELETED` stands there; else as `inserted`. */
  deleted(): boolean {
    return this.#passes(DELETED);
  }

  #passes(word: Uint8Array): boolean {
    const { at, bytes } = this;
    for (let index = 0; index < word.length; index++) {
      if (bytes[at + index] !== word[index]) return false;
    }
    this.at = at + word.length;
    return true;
  }

  /** A number in digits; -1 where there is none, or one too long. */
  #number(): number {
    const { bytes } = this;
    let value = 0;
    let at = this.at;
    for (; at < bytes.length; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - this.at;
    this.at = at;
    return digits > 0 && digits <= DIGITS_MAX ? value : NONE;
  }

  /** Passes over the end of a line. */
  #ends(): boolean {
    if (this.bytes[this.at] !== CR || this.bytes[this.at + 1] !== LF) return false;
    this.at += 2;
    return true;
  }
}
