/* LineReader: cuts what comes of a connection into lines.
 *
 * Invariants: it holds at most one line and the chunk that came last. A line that is too long, or
 * for which there is no room, is told of once, at once, and skipped to its end without being kept.
 * Lines come out when they are asked for, so whoever asks for none is sent none (conversation.ts).
 * What is not ended by a line feed never comes out: it may have been cut off.
 */
import type { Room } from "./room.ts";

/** A line, or why there is none. */
export type Line =
  /** `takenBytes` of the room are whoever's that asked for it, to be given back. */
  | { readonly bytes: Uint8Array; readonly takenBytes: number }
  | { readonly skipped: "too-long" | "no-room" };

/** How long lines may be. */
export interface LineLimits {
  readonly lineBytesMax: number;
  /** A line that is no longer takes no room. */
  readonly freeBytes: number;
}

const LF = 0x0a;
const NOTHING = new Uint8Array(0);

/** Reads one connection. */
export class LineReader {
  readonly #room: Room;
  readonly #limits: LineLimits;
  #chunk: Uint8Array = NOTHING;
  /** The line so far, without what of it is in the chunk. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #takenBytes = 0;
  #isSkipping = false;

  constructor(room: Room, limits: LineLimits) {
    this.#room = room;
    this.#limits = limits;
  }

  /** Whether a line has begun. */
  get isInLine(): boolean {
    return this.#partBytes > 0 || this.#isSkipping || this.hasMore;
  }

  /** Whether there is something that no line was made of yet. */
  get hasMore(): boolean {
    return this.#chunk.length > 0;
  }

  /** Takes what came. To be called when there is no more of the chunk before. */
  push(chunk: Uint8Array): void {
    if (this.hasMore) throw new RangeError("what came before was not read yet");
    this.#chunk = chunk;
  }

  /** The next line; undefined if it has not come yet. */
  next(): Line | undefined {
    while (this.hasMore) {
      const end = this.#chunk.indexOf(LF);
      const rest = end < 0 ? this.#chunk : this.#chunk.subarray(0, end);
      this.#chunk = end < 0 ? NOTHING : this.#chunk.subarray(end + 1);
      const skipped = this.#isSkipping ? undefined : this.#add(rest);
      if (end >= 0) {
        const line = this.#isSkipping ? undefined : this.#line();
        this.#isSkipping = false;
        if (line !== undefined) return line;
      }
      if (skipped !== undefined) return { skipped };
    }
    return undefined;
  }

  /** Gives back what it has taken. */
  close(): void {
    this.#drop();
    this.#chunk = NOTHING;
  }

  /** Why the line is skipped from here on; undefined if it is not. */
  #add(bytes: Uint8Array): "too-long" | "no-room" | undefined {
    const length = this.#partBytes + bytes.length;
    const { lineBytesMax, freeBytes } = this.#limits;
    const needed = Math.max(0, length - freeBytes) - this.#takenBytes;
    const isLong = length > lineBytesMax;
    if (isLong || (needed > 0 && !this.#room.take(needed))) {
      this.#drop();
      this.#isSkipping = true;
      return isLong ? "too-long" : "no-room";
    }
    this.#takenBytes += Math.max(0, needed);
    this.#parts.push(bytes);
    this.#partBytes = length;
    return undefined;
  }

  #line(): Line {
    const [first = NOTHING] = this.#parts;
    const bytes = this.#parts.length === 1 ? first : joined(this.#parts, this.#partBytes);
    const line = { bytes, takenBytes: this.#takenBytes };
    this.#takenBytes = 0;
    this.#drop();
    return line;
  }

  #drop(): void {
    this.#room.give(this.#takenBytes);
    this.#takenBytes = 0;
    this.#parts = [];
    this.#partBytes = 0;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
