/* Cutting: how much of the shards' streams goes into a frame that has no room for all of it.
 *
 * A stream may end behind any record. What a batch has in it goes into the frame as a whole, and
 * in all shards or in none, so that the frame, which counts as a whole after a crash or not at all,
 * has all of the batch. Batches stand in the same order in all streams, because each was recorded
 * under the locks of all its shards: so there is always one that nothing stands in front of. Used
 * by commit.ts, for one that is nearly at the end of its segment.
 */
import type { JournalShard } from "./journal-shard.ts";

/**
 * Where the streams, which go on to `heads`, are to be cut so that no more than `room` bytes lie
 * between what was written of them and there.
 */
export function cut(
  shards: readonly JournalShard[],
  heads: readonly number[],
  room: number,
): readonly number[] {
  const cutting = new Cutting(shards, heads, room);
  while (cutting.goOn());
  return cutting.ends;
}

class Cutting {
  /** Up to where each stream goes into the frame. */
  readonly ends: number[];
  readonly #shards: readonly JournalShard[];
  readonly #heads: readonly number[];
  #room: number;

  constructor(shards: readonly JournalShard[], heads: readonly number[], room: number) {
    this.#shards = shards;
    this.#heads = heads;
    this.#room = room;
    this.ends = shards.map(({ written }) => written);
  }

  /** Takes what comes next in each stream; false when nothing more can be taken. */
  goOn(): boolean {
    /** The shards whose streams have come to a batch, by its number. */
    const batches = new Map<number, number[]>();
    let hasTaken = false;
    for (const at of this.#shards.keys()) {
      const group = this.#takeRecords(at);
      if (group === undefined) continue;
      const meeting = [...(batches.get(group.number) ?? []), at];
      batches.set(group.number, meeting);
      if (meeting.length === group.shards && this.#takeAll(meeting)) hasTaken = true;
    }
    return hasTaken;
  }

  /** Takes records up to a batch, which is returned, or as many as fit. */
  #takeRecords(at: number): { readonly number: number; readonly shards: number } | undefined {
    const shard = this.#shards[at];
    for (;;) {
      const from = this.ends[at] ?? 0;
      if (shard === undefined || from >= (this.#heads[at] ?? 0)) return undefined;
      const { group } = shard.pieceAt(from);
      if (group !== undefined && group.shards > 1) return group;
      if (!this.#takeAll([at])) return undefined;
    }
  }

  /** Takes what comes next in these streams, all of it; false when it does not fit. */
  #takeAll(streams: readonly number[]): boolean {
    const ends = streams.map((at) => this.#shards[at]?.pieceAt(this.ends[at] ?? 0).end ?? 0);
    const bytes = ends.reduce((sum, end, of) => sum + end - (this.ends[streams[of] ?? 0] ?? 0), 0);
    if (bytes > this.#room) return false;
    this.#room -= bytes;
    for (const [of, at] of streams.entries()) this.ends[at] = ends[of] ?? 0;
    return true;
  }
}
