/* RequestHead: gathers the head of a request of HTTP, up to its empty line.
 *
 * A head that comes in one piece is not copied. It is bounded, and so is what is looked at again
 * when the next piece comes. Owned by web-socket-connection.ts until there is a WebSocket.
 */

/** The longest head that is taken. */
const HEAD_BYTES_MAX = 16_384;

const END = Buffer.from("\r\n\r\n");

/** A head that is there. */
export interface Head {
  /** Its lines, without the empty one. */
  readonly text: string;
  /** Where it ends in the chunk that was taken last. */
  readonly end: number;
}

/** The head of one connection's first request. */
export class RequestHead {
  /** What came before the chunk that is being taken. */
  #kept: Buffer | undefined;
  #keptBytes = 0;

  /** Takes more; undefined while the end is not there. */
  take(chunk: Uint8Array): Head | undefined {
    const kept = this.#keptBytes;
    const bytes = this.#with(chunk);
    const end = bytes.indexOf(END, Math.max(0, kept - END.length + 1));
    if (end >= 0) return { text: bytes.toString("latin1", 0, end), end: end + END.length - kept };
    this.#keep(bytes, kept);
    return undefined;
  }

  /** Whether so much has come that no end will do any more. */
  get isTooLong(): boolean {
    return this.#keptBytes >= HEAD_BYTES_MAX;
  }

  /** Whether it can still become a request of a browser, or of any other WebSocket. */
  get isPlausible(): boolean {
    const begins = this.#kept?.toString("latin1", 0, Math.min(this.#keptBytes, 4)) ?? "";
    return /^[A-Z]*( .*)?$/.test(begins);
  }

  /** What was kept with that behind it, as far as there is room; the chunk if nothing was. */
  #with(chunk: Uint8Array): Buffer {
    if (this.#kept === undefined) {
      return Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, HEAD_BYTES_MAX));
    }
    const taken = chunk.subarray(0, HEAD_BYTES_MAX - this.#keptBytes);
    this.#kept.set(taken, this.#keptBytes);
    return this.#kept.subarray(0, this.#keptBytes + taken.length);
  }

  #keep(bytes: Buffer, kept: number): void {
    this.#kept ??= Buffer.alloc(HEAD_BYTES_MAX);
    if (kept === 0) this.#kept.set(bytes);
    this.#keptBytes = bytes.length;
  }
}
