/* KeptInput: input that came while its session could not run, in the order in which it came.
 *
 * It is copied, since a transport uses its buffer again. How much it is decides whether the
 * connection is read from (session.ts).
 */

/** What waits for its session. */
export class KeptInput {
  /** Made when it is first needed: most connections never keep anything. */
  #chunks: Uint8Array[] | undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#chunks === undefined || this.#chunks.length === 0;
  }

  /** Input that is to be run next, as one piece; undefined when there is none. */
  get first(): Uint8Array | undefined {
    return this.#chunks?.[0];
  }

  keep(bytes: Uint8Array): void {
    this.#chunks ??= [];
    this.#chunks.push(Uint8Array.from(bytes)); // a Buffer's slice would not copy
    this.#bytes += bytes.length;
  }

  /** The first `count` bytes of the first piece have been run. */
  drop(count: number): void {
    const chunks = this.#chunks;
    const chunk = chunks?.[0];
    if (chunks === undefined || chunk === undefined) return;
    this.#bytes -= count;
    if (count < chunk.length) chunks[0] = chunk.subarray(count);
    else chunks.shift();
  }

  clear(): void {
    this.#chunks = undefined;
  }
}
