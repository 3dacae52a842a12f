/* Room: how many bytes of lines all connections of a door may hold together, beyond the small ones
 * that each may have for itself. Invariant: what is taken is given back once.
 */

/** Bytes that are shared. */
export class Room {
  #leftBytes: number;

  constructor(bytes: number) {
    this.#leftBytes = bytes;
  }

  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** Whether there were so many; then they are taken. */
  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false;
    this.#leftBytes -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#leftBytes += bytes;
  }
}
