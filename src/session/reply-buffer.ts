/* ReplyBuffer: memory that replies stand in, some of them waiting for the journal, and the pool
 * from which a thread takes it.
 *
 * A reply is written once, where it stays until it leaves: the gate holds ranges of these buffers,
 * never copies. A buffer is used again when none of its ranges waits any more; one that a transport
 * has kept is left to it. Owned by the thread's Output.
 */

const BUFFER_BYTES = 262_144;
/** Buffers that are kept for later use: 4 MiB. More than that waits only while the disk is slow. */
const POOL_MAX = 16;

/** A stretch of memory for replies. */
export class ReplyBuffer {
  readonly bytes: Uint8Array;
  /** Ranges of it that are held back; counted by the gate. */
  holds = 0;
  /** A transport still reads from it: it is not to be written from the start again. */
  isLent = false;

  constructor(length = BUFFER_BYTES) {
    this.bytes = new Uint8Array(length);
  }

  /** Whether it was made for one long reply. */
  get isLong(): boolean {
    return this.bytes.length > BUFFER_BYTES;
  }

  /** Whether it can be written from the start again. */
  get isFree(): boolean {
    return this.holds === 0 && !this.isLent;
  }
}

/** Buffers that were filled, the oldest first. */
export class ReplyBuffers {
  readonly #used: ReplyBuffer[] = [];

  /**
   * One that is free and takes `count` bytes. Replies leave in order: only the one that was filled
   * first is looked at.
   */
  take(count = 0): ReplyBuffer {
    if (count > BUFFER_BYTES) return new ReplyBuffer(count);
    while (this.#used[0]?.isLent === true) this.#used.shift();
    const [oldest] = this.#used;
    if (oldest?.isFree !== true) return new ReplyBuffer();
    this.#used.shift();
    return oldest;
  }

  /**
   * Takes back what is not written to any more for now; one that was made for a long reply is let
   * go.
   */
  giveBack(buffer: ReplyBuffer): void {
    if (!buffer.isLong && this.#used.length < POOL_MAX) this.#used.push(buffer);
  }
}
