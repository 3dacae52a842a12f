/* Lead: a commit by a thread that holds replies, in the journal's place: for all shards, and so for
 * all threads.
 *
 * It only appends to the segment that the journal has begun, with a file of its own, and leaves to
 * the journal whatever is more than that: the next segment, what found no space, a disk that is
 * nearly full, files that are above their bound. What it throws has the consequences of what the
 * journal throws: the process ends. Whoever calls this has the lock (broker/commit-lock.ts), or is
 * a test.
 */
import { Commit } from "./commit.ts";
import { FrameWriter } from "./frame-writer.ts";
import { syncsFirst } from "./journal-parts.ts";
import type { CommitParts } from "./journal-parts.ts";
import { SegmentFile } from "./segment-file.ts";
import { PIECE_BYTES } from "./spares.ts";

/** Bytes that are written before the journal is asked to see to its spares. */
const UNPREPARED_BYTES = PIECE_BYTES;

/** What became of a commit. */
export type LeadOutcome =
  /** All is as safe as the level asks for, and published. */
  | "published"
  /** That too, and the journal has something to do: to make spares, or to sync when it is time. */
  | "upkeep"
  /** The journal is to go on, and to publish what is written too. */
  | "left";

/** Commits of one thread that leads. */
export class Lead {
  readonly #parts: CommitParts;
  readonly #commit: Commit;
  #segment: SegmentFile | undefined;

  constructor(parts: CommitParts) {
    this.#parts = parts;
    this.#commit = new Commit(parts, new FrameWriter(parts));
  }

  /** Brings to the disk, and publishes, all that stands in the rings. */
  commit(): LeadOutcome {
    const { state, options } = this.#parts;
    const commit = this.#commit;
    if (state.isTight) return "left";
    if (state.isRefused || commit.refused.length > 0) return "left";
    const segment = this.#present();
    const heads = commit.heads();
    const wasSynced = state.unsyncedSince === undefined || state.isOnlyMark;
    if (!commit.isWritten(heads)) {
      if (commit.bytesUpTo(heads) > commit.room) return "left";
      if (!commit.write(segment, commit.fitting(heads))) return "left";
    }
    if (syncsFirst(options.level)) commit.sync(segment);
    if (!commit.isWithinBound) return "left";
    commit.publish();
    const mustSync = options.level === "interval" && wasSynced;
    return mustSync || state.unpreparedBytes >= UNPREPARED_BYTES ? "upkeep" : "published";
  }

  /** Bytes that wait in the rings. */
  get waitingBytes(): number {
    return this.#commit.waitingBytes;
  }

  /** The file of the segment that is written to. */
  #present(): SegmentFile {
    this.closePast();
    const { storage, state } = this.#parts;
    this.#segment ??= SegmentFile.open(storage, state.segment, state.salt);
    return this.#segment;
  }

  /** Closes the file of a segment that is not written to any more: it may go. */
  closePast(): void {
    if (this.#segment === undefined || this.#segment.number === this.#parts.state.segment) return;
    this.#segment.close();
    this.#segment = undefined;
  }
}
