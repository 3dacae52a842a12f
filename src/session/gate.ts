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
 *
 * Positions come in classes, `shards` of them each: what the server promises, and what single jobs
 * may wait for instead, which is less. What depends on one position of a lesser class alone waits
 * in that class's own line, unless something of its connection waits in another: else it would
 * stand behind what others wait for.
 */

import type { Outlet } from "../transport.ts";
import type { ReplyBuffer } from "./reply-buffer.ts";

/** Up to where each shard's stream is safe, and how to have it become so. */
export interface SafePositions {
  /** The highest position at index `at` that is safe: of a class, of a shard; never goes down. */
  safePosition(at: number): number;
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
  /** While some are: the class in whose line they are, the first where in several; the gate's. */
  heldClass: number;
  /** The connection is gone: its replies need not leave any more. */
  readonly isGone: boolean;
  /**
   * Some of its replies have left, and its outlet keeps none of them back. If the outlet does, it
   * calls back itself when they are out.
   */
  released(): void;
}

/** What each shard's stream must have reached, in the order of the shards, class after class. */
type Positions = readonly number[];

/** One of them alone. */
interface Alone {
  readonly at: number;
  readonly position: number;
}

interface Held {
  readonly outlet: Outlet;
  readonly holder: Holder;
  /** Undefined: close the outlet. */
  readonly buffer: ReplyBuffer | undefined;
  readonly from: number;
  readonly to: number;
  readonly positions: Positions | Alone;
}

/** Holds replies back. */
export class Gate {
  readonly #safe: SafePositions;
  readonly #shards: number;
  /** What is held, in the lines of the classes. */
  readonly #lines: Held[][];
  #heldCount = 0;
  /** What the replies that are being made depend on, a position for each shard. */
  readonly #positions: number[];
  /** The same as a copy, which what is held shares until a position moves. */
  #snapshot: Positions | undefined;
  /* Bytes [from, to) of what is written next that depend on one position alone; none if empty. */
  #aloneAt = 0;
  #alonePosition = 0;
  #aloneFrom = 0;
  #aloneTo = 0;

  constructor(safe: SafePositions, shards: number, classes = 1) {
    this.#safe = safe;
    this.#shards = shards;
    this.#lines = Array.from({ length: classes }, () => []);
    this.#positions = Array.from({ length: classes * shards }, () => 0);
  }

  /** The replies that are being made depend on this position of that shard, of a class. */
  depend(shard: number, position: number, kind = 0): void {
    const at = kind * this.#shards + shard;
    if (position <= (this.#positions[at] ?? 0)) return;
    this.#positions[at] = position;
    this.#snapshot = undefined;
  }

  /**
   * The same, and bytes [from, to) of what is written next depend on nothing else. What else is
   * written with them depends on all that the thread touched, and so do they then.
   */
  dependAlone(shard: number, position: number, from: number, to: number, kind = 0): void {
    this.depend(shard, position, kind);
    const at = kind * this.#shards + shard;
    if (from === this.#aloneTo && at === this.#aloneAt && from > this.#aloneFrom) {
      this.#alonePosition = Math.max(this.#alonePosition, position);
    } else {
      this.#aloneAt = at;
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
    return this.#heldCount;
  }

  /**
   * Sends bytes [from, to) of the buffer, now or later. Returns true if that memory is still used,
   * because the bytes wait or because the outlet keeps it. Then the caller must not write to it
   * again until the buffer is free.
   */
  write(outlet: Outlet, buffer: ReplyBuffer, from: number, to: number, holder: Holder): boolean {
    const isAlone = from === this.#aloneFrom && to === this.#aloneTo;
    this.#aloneFrom = 0;
    this.#aloneTo = 0;
    if (holder.heldBytes === 0 && this.#mayLeave(isAlone)) return send(outlet, buffer, from, to);
    this.#hold({ outlet, holder, buffer, from, to }, isAlone);
    return true;
  }

  /** Whether what depends on one position alone, or on all that the thread touched, may leave. */
  #mayLeave(isAlone: boolean): boolean {
    if (isAlone) return this.#alonePosition <= this.#safe.safePosition(this.#aloneAt);
    return this.#heldCount === 0 && this.#isSafe(this.#positions);
  }

  /** Closes the outlet behind everything that was written to it. */
  close(outlet: Outlet, holder: Holder): void {
    if (holder.heldBytes === 0) outlet.close();
    else this.#hold({ outlet, holder, buffer: undefined, from: 0, to: 0 }, false);
  }

  /**
   * First says that something is held, then `release` looks again: what became safe in between
   * would wake nobody.
   */
  #hold(held: Omit<Held, "positions">, isAlone: boolean): void {
    const { holder, buffer, from, to } = held;
    const kind = isAlone ? Math.floor(this.#aloneAt / this.#shards) : 0;
    const isOwn = kind > 0 && (holder.heldBytes === 0 || holder.heldClass === kind);
    holder.heldClass = isOwn ? kind : 0;
    const positions = isOwn
      ? { at: this.#aloneAt, position: this.#alonePosition }
      : (this.#snapshot ??= this.#positions.slice());
    this.#lines[holder.heldClass]?.push({ ...held, positions });
    holder.heldBytes += to - from;
    if (buffer !== undefined) buffer.holds++;
    this.#safe.held(++this.#heldCount);
  }

  /**
   * The committer may have woken this thread, and has forgotten what it was told before: to be
   * called when the turn that follows is over.
   */
  woken(): void {
    if (this.#heldCount > 0) this.#safe.held(this.#heldCount);
  }

  /**
   * Lets out what has become safe. To be called at the end of a turn, and when the thread was
   * woken.
   */
  release(): void {
    // What is looked at last leaves first: of one connection it is the older, and safe if the
    // newer was, which depends on all that was touched before it.
    const free = this.#lines.map((_, kind) => this.#takeSafe(kind)).toReversed();
    const count = free.reduce((sum, line) => sum + line.length, 0);
    if (count === 0) return;
    this.#heldCount -= count;
    this.#safe.held(this.#heldCount);
    for (const line of free) for (const held of line) letOut(held);
    for (const line of free) {
      for (const { holder, outlet } of line) {
        if (!holder.isGone && outlet.backlogBytes === 0) holder.released();
      }
    }
  }

  /** Takes from a line what may leave of it. */
  #takeSafe(kind: number): readonly Held[] {
    const line = this.#lines[kind] ?? [];
    const count = this.#safeCount(line);
    if (count === 0) return [];
    this.#lines[kind] = line.slice(count);
    return count === line.length ? line : line.slice(0, count);
  }

  /** How many of those that are held in a line may leave. */
  #safeCount(line: readonly Held[]): number {
    let count = 0;
    let known: Held["positions"] | undefined;
    for (const { positions } of line) {
      if (positions !== known && !this.#isSafe(positions)) break;
      known = positions;
      count++;
    }
    return count;
  }

  #isSafe(positions: Held["positions"]): boolean {
    if ("position" in positions) return positions.position <= this.#safe.safePosition(positions.at);
    for (let at = 0; at < positions.length; at++) {
      if ((positions[at] ?? 0) > this.#safe.safePosition(at)) return false;
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
