/* Gate: where replies wait until what they say is safe.
 *
 * Every reply depends on a position in the sequence of mutations of the shards that it touched. Without a journal all positions are safe
 * and there is no gate. With one, what a turn wrote for a connection goes through here: it leaves at once when everything that it
 * depends on is safe, and otherwise in its turn, in the order in which it was made, so that replies stay in order on each connection.
 * One gate per I/O thread.
 */

import type { Outlet } from "../transport.ts";

/** Says up to where each shard's sequence of mutations is safe. */
export interface SafePositions {
  /** The highest safe position of a shard; never goes down. */
  safePosition(shard: number): number;
}

interface Held {
  readonly outlet: Outlet;
  /** Undefined: close the outlet. */
  readonly bytes: Uint8Array | undefined;
  readonly positions: Float64Array;
}

/** Holds replies back. */
export class Gate {
  readonly #safe: SafePositions;
  readonly #held: Held[] = [];
  /** What the replies of the turn that is running depend on, a position for each shard. */
  readonly #positions: Float64Array;

  constructor(safe: SafePositions, shards: number) {
    this.#safe = safe;
    this.#positions = new Float64Array(shards);
  }

  /** The running turn's replies depend on this position of that shard. */
  depend(shard: number, position: number): void {
    this.#positions[shard] = Math.max(this.#positions[shard] ?? 0, position);
  }

  /** Replies that are held back. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Sends bytes, now or later; they are copied when they must wait. As Outlet.write. */
  write(outlet: Outlet, bytes: Uint8Array): boolean {
    if (this.#held.length === 0 && this.#isSafe(this.#positions)) return outlet.write(bytes);
    this.#held.push({ outlet, bytes: Uint8Array.from(bytes), positions: this.#positions.slice() });
    return false;
  }

  /** Closes the outlet behind everything that was written to it. */
  close(outlet: Outlet): void {
    if (this.#held.length === 0) outlet.close();
    else this.#held.push({ outlet, bytes: undefined, positions: this.#positions.slice() });
  }

  /** Lets out what has become safe. To be called when safe positions have moved. */
  release(): void {
    let count = 0;
    for (const held of this.#held) {
      if (!this.#isSafe(held.positions)) break;
      if (held.bytes === undefined) held.outlet.close();
      else held.outlet.write(held.bytes);
      count++;
    }
    this.#held.splice(0, count);
  }

  #isSafe(positions: Float64Array): boolean {
    return positions.every((position, shard) => position <= this.#safe.safePosition(shard));
  }
}
