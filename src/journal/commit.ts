/* Commit: the steps of a commit within the present segment: what fits, the frame, the sync, what
 * may be published. The journal takes them, and whoever leads a commit (lead.ts): this is the one
 * place where records become frames.
 *
 * Records leave the rings when they are written, a stream counts as synced when its segment is, and
 * what is published is never more than the level promises. Everything that one commit leaves for
 * the next is in the state and in the shards' progress, so the next one may be another thread's.
 */
import { FRAME_BYTES, STATEMENTS_BYTES } from "./format.ts";
import type { Section } from "./format.ts";
import { FRAME_HEADER_BYTES_MAX } from "./frame-writer.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { syncsFirst } from "./journal-parts.ts";
import type { CommitParts } from "./journal-parts.ts";
import { residentBytesOf } from "./journal-shard.ts";
import type { Gathered, JournalShard } from "./journal-shard.ts";
import { cut } from "./cutting.ts";
import type { SegmentFile } from "./segment-file.ts";

/** Above so many times the bytes of bodies that stay, those leave too that had better not. */
const URGENT_FACTOR = 1.25;

/** What a shard has in a frame: its records from what has been written up to `to`. */
interface Part {
  readonly shard: JournalShard;
  readonly to: number;
}

/** The steps of commits, for one of those who commit. */
export class Commit {
  readonly #parts: CommitParts;
  readonly #frames: FrameWriter;

  constructor(parts: CommitParts, frames: FrameWriter) {
    this.#parts = parts;
    this.#frames = frames;
  }

  /**
   * Where the shards' streams end now: none of them behind a batch of which another shard's part
   * has yet to be shown (assembly/group.ts).
   */
  heads(): readonly number[] {
    const { shards } = this.#parts;
    for (;;) {
      const before = shards[0]?.showing ?? 0;
      const heads = shards.map(({ head }) => head);
      if ((before & 1) === 0 && shards[0]?.showing === before) return heads;
    }
  }

  /** Whether all records up to `heads` have been written. */
  isWritten(heads: readonly number[]): boolean {
    return this.#parts.shards.every(({ written }, at) => (heads[at] ?? 0) <= written);
  }

  /** Bytes of the streams up to `heads` that have not been written. */
  bytesUpTo(heads: readonly number[]): number {
    return this.#parts.shards.reduce((sum, { written }, at) => sum + (heads[at] ?? 0) - written, 0);
  }

  /** Bytes that wait in the rings. */
  get waitingBytes(): number {
    return this.bytesUpTo(this.heads());
  }

  /** Bytes of all records that are needed. */
  get liveBytes(): number {
    return this.#parts.shards.reduce((sum, { allLiveBytes }) => sum + allLiveBytes, 0);
  }

  /** Whether enough lives for the files that there are. */
  get isWithinBound(): boolean {
    const { leastLiveBytes } = this.#parts.state;
    return leastLiveBytes <= 0 || this.liveBytes >= leastLiveBytes;
  }

  /** Bytes that are left in the present segment. */
  get left(): number {
    return this.#parts.state.segmentBytes - this.#parts.state.position;
  }

  /**
   * Bytes that the next frame's records may have in the present segment: behind them a frame that
   * ends it must fit, and some that say which segments go, or it might be that none can go and none
   * be begun.
   */
  get room(): number {
    return this.left - FRAME_HEADER_BYTES_MAX - FRAME_BYTES - STATEMENTS_BYTES;
  }

  /** What was to be a frame and found no space: it is sealed for the present segment. */
  get refused(): readonly Part[] {
    const { shards } = this.#parts;
    return shards
      .filter(({ sealed, written }) => sealed > written)
      .map((shard) => ({ shard, to: shard.sealed }));
  }

  /**
   * What goes into the next frame: what was refused; or else of each shard that has records up to
   * `heads` as many of them as fit.
   */
  fitting(heads: readonly number[]): readonly Part[] {
    const { refused } = this;
    if (refused.length > 0) return refused;
    const { shards } = this.#parts;
    const { room } = this;
    const ends = this.bytesUpTo(heads) <= room ? heads : cut(shards, heads, room);
    return shards.flatMap((shard, at) => {
      const to = ends[at] ?? 0;
      return to > shard.written ? [{ shard, to }] : [];
    });
  }

  /** Writes one frame; false when there is no space for it: then it is `refused`. */
  write(segment: SegmentFile, parts: readonly Part[]): boolean {
    const { state } = this.#parts;
    const gathered = parts.map(({ shard, to }) => shard.gather(to, segment.salt));
    const sections = parts.map(({ shard }, at): Section => {
      return { shard: shard.shard.index, bytes: gathered[at]?.bytes ?? 0, first: shard.written };
    });
    const pieces = gathered.flatMap((one) => one.pieces);
    if (!this.#frames.writeRecords(segment, sections, pieces)) return false;
    const bytes = gathered.reduce((sum, one) => sum + one.bytes, 0);
    state.unpreparedBytes += bytes;
    if (state.isOnlyMark) state.unsyncedSince = undefined;
    state.isOnlyMark = false;
    state.unsyncedSince ??= this.#parts.monotonicMillis();
    state.hasUnpublished = true;
    this.#free(parts, gathered, state.position - bytes);
    return true;
  }

  /** What was written, section by section from `place` on, leaves the rings. */
  #free(parts: readonly Part[], gathered: readonly Gathered[], place: number): void {
    const pressure = this.#pressure;
    let at = place;
    for (const [index, { shard, to }] of parts.entries()) {
      shard.free(to, at, pressure);
      at += gathered[index]?.bytes ?? 0;
    }
  }

  /** Whether bodies are to leave memory (1), and more of them than had better (2). */
  get #pressure(): number {
    const { shards, options } = this.#parts;
    const { keptBytes = Infinity } = options.bodies ?? {};
    const resident = residentBytesOf(shards);
    if (resident <= keptBytes) return 0;
    return resident <= URGENT_FACTOR * keptBytes ? 1 : 2;
  }

  /** Makes everything that was written safe. */
  sync(segment: SegmentFile): void {
    const { state, shards, monotonicMillis, synced } = this.#parts;
    if (state.unsyncedSince === undefined) return;
    const began = monotonicMillis();
    segment.sync();
    state.countSync(monotonicMillis() - began);
    synced?.(state.lastSyncMillis);
    state.unsyncedSince = undefined;
    state.isOnlyMark = false;
    this.#frames.setSafe();
    for (const shard of shards) shard.setSynced();
    this.tellEarly();
  }

  /** What was written is safe: if it says how far ids may be ahead, they may be. */
  tellEarly(): void {
    const { state, shards } = this.#parts;
    // On other machines nobody knows of it yet: the committer tells it later.
    if (this.#parts.options.level === "replicated") return;
    if (state.isAheadWritten) for (const shard of shards) shard.tellEarly();
  }

  /** Says what is as safe as the level asks for. */
  publish(): void {
    const { shards, publish, options, state } = this.#parts;
    state.hasUnpublished = false;
    for (const { shard, written, synced } of shards) {
      const safe = syncsFirst(options.level) ? synced : written;
      publish(shard.index, safe);
      if (safe < written) state.hasUnpublished = true;
    }
  }
}
