/* Gate: where replies wait until what they say is safe.
 *
 * Every reply depends on a position in the stream of mutations of each shard that its thread touched. Without a journal everything is
 * safe and there is no gate. With one, what a turn wrote for a connection goes through here: it leaves at once when everything that it
 * depends on is safe, and otherwise in its turn, in the order in which it was made, so that replies stay in order on each connection.
 * One gate per I/O thread; the committer has the thread woken, and `release` called, when more has become safe.
 */

import type { Outlet } from "../transport.ts";

/** Up to where each shard's stream is safe, and how to have it become so. */
export interface SafePositions {
  /** The highest safe position of a shard; never goes down. */
  safePosition(shard: number): number;
  /** Says whether this gate holds something back; if so, the committer is to work and to wake this thread. */
  setHolding(holds: boolean): void;
}

/** Whose replies are held back. */
export interface Holder {
  /** Bytes of its replies that are held back; written by the gate only. */
  heldBytes: number;
  /** The connection is gone: its replies need not leave any more. */
  readonly isGone: boolean;
  /** Some of its replies have left, and its outlet keeps none of them back: otherwise the outlet itself tells when they are out. */
  released(): void;
}

interface Held {
  readonly outlet: Outlet;
  readonly holder: Holder;
  /** Undefined: close the outlet. */
  readonly bytes: Uint8Array | undefined;
  readonly positions: Float64Array;
}

/** Holds replies back. */
export class Gate {
  readonly #safe: SafePositions;
  #held: Held[] = [];
  /** What the replies that are being made depend on, a position for each shard. */
  readonly #positions: Float64Array;

  constructor(safe: SafePositions, shards: number) {
    this.#safe = safe;
    this.#positions = new Float64Array(shards);
  }

  /** The replies that are being made depend on this position of that shard. */
  depend(shard: number, position: number): void {
    if (position > (this.#positions[shard] ?? 0)) this.#positions[shard] = position;
  }

  /** Replies that are held back. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Sends bytes, now or later; they are copied when they must wait. As Outlet.write. */
  write(outlet: Outlet, bytes: Uint8Array, holder: Holder): boolean {
    if (this.#held.length === 0 && this.#isSafe(this.#positions)) return outlet.write(bytes);
    holder.heldBytes += bytes.length;
    this.#hold({
      outlet,
      holder,
      bytes: new Uint8Array(bytes),
      positions: this.#positions.slice(),
    });
    return false;
  }

  /** Closes the outlet behind everything that was written to it. */
  close(outlet: Outlet, holder: Holder): void {
    if (this.#held.length === 0) {
      outlet.close();
      return;
    }
    this.#hold({ outlet, holder, bytes: undefined, positions: this.#positions.slice() });
  }

  /** First says that something is held, then looks again: what became safe in between would wake nobody. */
  #hold(held: Held): void {
    this.#held.push(held);
    this.#safe.setHolding(true);
  }

  /** Lets out what has become safe. To be called at the end of a turn, and when the thread was woken. */
  release(): void {
    if (this.#held.length === 0) return;
    const blocked = this.#held.findIndex(({ positions }) => !this.#isSafe(positions));
    if (blocked === 0) return;
    const free = blocked < 0 ? this.#held : this.#held.slice(0, blocked);
    this.#held = blocked < 0 ? [] : this.#held.slice(blocked);
    if (this.#held.length === 0) this.#safe.setHolding(false);
    for (const held of free) letOut(held);
    for (const { holder, outlet } of free) {
      if (!holder.isGone && outlet.backlogBytes === 0) holder.released();
    }
  }

  #isSafe(positions: Float64Array): boolean {
    for (let shard = 0; shard < positions.length; shard++) {
      if ((positions[shard] ?? 0) > this.#safe.safePosition(shard)) return false;
    }
    return true;
  }
}

function letOut({ outlet, holder, bytes }: Held): void {
  holder.heldBytes -= bytes?.length ?? 0;
  if (holder.isGone) return;
  if (bytes === undefined) outlet.close();
  else outlet.write(bytes);
}
