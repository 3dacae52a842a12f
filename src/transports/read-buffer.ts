/* ReadBuffer: the memory that all connections of a thread read into, and views of what was read.
 *
 * Input is valid only while it is delivered, so one buffer serves all. Most reads are as short as
 * one command: a view of each short length is made once, since making one for each read costs more
 * than all else that a connection does for it. Owned by the acceptor, used by its connections.
 */

/** Most bytes that an Inlet is given at once. */
export const READ_BYTES = 65_536;
/** Lengths up to this have a view of their own, of 100 bytes each. */
const SHORT_BYTES = 1024;

/** The memory, and its views. */
export class ReadBuffer {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #short: (Buffer | undefined)[] = Array.from({ length: SHORT_BYTES }, () => undefined);

  /** The first `count` bytes. */
  first(count: number): Buffer {
    if (count >= SHORT_BYTES) return this.bytes.subarray(0, count);
    return (this.#short[count] ??= this.bytes.subarray(0, count));
  }
}
