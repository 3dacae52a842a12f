/* Gate: where replies wait until what they say is safe.
 *
 * Every reply depends on a position in the stream of mutations of each shard that its thread
 * touched; what runs answer (engine-run.ts) on one position of one shard alone. Without a journal
 * everything is safe and there is no gate. With one, what a turn wrote for a connection goes
 * through here. It leaves at once when everything that it depends on is safe and nothing of its
 * connection is held. Otherwise it leaves in the order in which it was made. So replies stay in
 * order on each connection, and a RESERVED, whose job mostly has been safe for long, waits for
 * nobody else's put. One gate per I/O thread; the committer has the thread woken, and `release`
 * called, when more has become safe.
 */

import type { Outlet } from "../transport.ts";
import type { ReplyBuffer } from "./reply-buffer.ts";

/** Up to where each shard's stream is safe, and how to have it become so. */
export interface SafePositions {
  /** The highest safe position of a shard; never goes down. */
  safePosition(shard: number): number;
  /**
   * Says how many replies this gate holds back now; if any, the committer is to work and to wake
   * this thread.
   */
  held(count: number): void;
}

/** Whose replies are held back. */
export interface Holder {
  /** Bytes of its replies that are held back; written by the gate only. */
  heldBytes: number;
  /** The connection is gone: its replies need not leave any more. */
  readonly isGone: boolean;
  /**
   * Some of its replies have left, and its outlet keeps none of them back. If the outlet does, it
   * calls back itself when they are out.
   */
  released(): void;
}

/** What each shard's stream must have reached, in the order of the shards. */
type Positions = readonly number[];

interface Held {
  readonly outlet: Outlet;
  readonly holder: Holder;
  /** Undefined: close the outlet. */
  readonly buffer: ReplyBuffer | undefined;
  readonly from: number;
  readonly to: number;
  readonly positions: Positions;
}

/** Holds replies back. */
export class Gate {
  readonly #safe: SafePositions;
  #held: Held[] = [];
  /** What the replies that are being made depend on, a position for each shard. */
  readonly #positions: number[];
  /** The same as a copy, which what is held shares until a position moves. */
  #snapshot: Positions | undefined;
  /* Bytes [from, to) of what is written next that depend on one position alone; none if empty. */
  #aloneShard = 0;
  #alonePosition = 0;
  #aloneFrom = 0;
  #aloneTo = 0;

  constructor(safe: SafePositions, shards: number) {
    this.#safe = safe;
    this.#positions = Array.from({ length: shards }, () => 0);
  }

  /** The replies that are being made depend on this position of that shard. */
  depend(shard: number, position: number): void {
    if (position <= (this.#positions[shard] ?? 0)) return;
    this.#positions[shard] = position;
    this.#snapshot = undefined;
  }

  /**
   * The same, and bytes [from, to) of what is written next depend on nothing else. What else is
   * written with them depends on all that the thread touched, and so do they then.
   */
  dependAlone(shard: number, position: number, from: number, to: number): void {
    this.depend(shard, position);
    if (from === this.#aloneTo && shard === this.#aloneShard && from > this.#aloneFrom) {
      this.#alonePosition = Math.max(this.#alonePosition, position);
    } else {
      this.#aloneShard = shard;
      this.#alonePosition = position;
      this.#aloneFrom = from;
    }
    this.#aloneTo = to;
  }

  /** Whether a shard's stream is safe up to this position. */
  isSafe(shard: number, position: number): boolean {
    return position <= this.#safe.safePosition(shard);
  }

  /** Replies that are held back. */
  get heldCount(): number {
    return this.#held.length;
  }

  /**
   * Sends bytes [from, to) of the buffer, now or later. Returns true if that memory is still used,
   * because the bytes wait or because the outlet keeps it. Then the caller must not write to it
   * again until the buffer is free.
   */
  write(outlet: Outlet, buffer: ReplyBuffer, from: number, to: number, holder: Holder): boolean {
    if (this.#mayLeave(from, to) && holder.heldBytes === 0) return send(outlet, buffer, from, to);
    holder.heldBytes += to - from;
    buffer.holds++;
    this.#hold(outlet, holder, buffer, from, to);
    return true;
  }

  /** Whether bytes [from, to) depend on nothing that is not safe. */
  #mayLeave(from: number, to: number): boolean {
    const isAlone = from === this.#aloneFrom && to === this.#aloneTo;
    this.#aloneFrom = 0;
    this.#aloneTo = 0;
    if (isAlone) return this.#alonePosition <= this.#safe.safePosition(this.#aloneShard);
    return this.#held.length === 0 && this.#isSafe(this.#positions);
  }

  /** Closes the outlet behind everything that was written to it. */
  close(outlet: Outlet, holder: Holder): void {
    if (holder.heldBytes === 0) outlet.close();
    else this.#hold(outlet, holder, undefined, 0, 0);
  }

  /**
   * First says that something is held, then `release` looks again: what became safe in between
   * would wake nobody.
   */
  #hold(
    outlet: Outlet,
    holder: Holder,
    buffer: ReplyBuffer | undefined,
    from: number,
    to: number,
  ): void {
    const positions = (this.#snapshot ??= this.#positions.slice());
    this.#held.push({ outlet, holder, buffer, from, to, positions });
    this.#safe.held(this.#held.length);
  }

  /**
   * The committer may have woken this thread, and has forgotten what it was told before: to be
   * called when the turn that follows is over.
   */
  woken(): void {
    if (this.#held.length > 0) this.#safe.held(this.#held.length);
  }

  /**
   * Lets out what has become safe. To be called at the end of a turn, and when the thread was
   * woken.
   */
  release(): void {
    const count = this.#safeCount();
    if (count === 0) return;
    const free = count === this.#held.length ? this.#held : this.#held.slice(0, count);
    this.#held = count === this.#held.length ? [] : this.#held.slice(count);
    this.#safe.held(this.#held.length);
    for (const held of free) letOut(held);
    for (const { holder, outlet } of free) {
      if (!holder.isGone && outlet.backlogBytes === 0) holder.released();
    }
  }

  /** How many of those that are held may leave. */
  #safeCount(): number {
    let count = 0;
    let known: Positions | undefined;
    for (const { positions } of this.#held) {
      if (positions !== known && !this.#isSafe(positions)) break;
      known = positions;
      count++;
    }
    return count;
  }

  #isSafe(positions: Positions): boolean {
    for (let shard = 0; shard < positions.length; shard++) {
      if ((positions[shard] ?? 0) > this.#safe.safePosition(shard)) return false;
    }
    return true;
  }
}

function letOut({ outlet, holder, buffer, from, to }: Held): void {
  if (buffer !== undefined) {
    holder.heldBytes -= to - from;
    buffer.holds--;
  }
  if (holder.isGone) return;
  if (buffer === undefined) outlet.close();
  else send(outlet, buffer, from, to);
}

/** As Outlet.write. */
function send(outlet: Outlet, buffer: ReplyBuffer, from: number, to: number): boolean {
  const keeps = outlet.write(buffer.bytes.subarray(from, to));
  if (keeps) buffer.isLent = true;
  return keeps;
}
