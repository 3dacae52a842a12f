/* SessionJournal: the seam between sessions and whatever makes safe what they do.
 *
 * Sessions know a gate for their replies, whether there is space and room, and figures to show.
 * Implemented by the server (broker/host-journal.ts); without a journal there is none.
 */
import type { Shard } from "../engine/shard.ts";
import type { Gate } from "./gate.ts";

/** The journal, as the sessions of one thread see it. */
export interface SessionJournal {
  readonly gate: Gate;
  /** What its replies wait for, ACK_* of assembly/constants.ts. */
  readonly level: number;
  /** The disk is full: puts are refused. */
  readonly isFull: boolean;
  /** Longest result that is recorded, in bytes. */
  readonly resultBytesMax: number;
  /** Nothing can be recorded: jobs may be looked at and nothing else. */
  readonly isReadOnly: boolean;
  /**
   * Says whether something on this thread waits for room in a ring. If so, the committer is to free
   * the rings and to wake this thread.
   */
  awaitsRoom(waits: boolean): void;
  /** Bodies are to be read back: the committer is to see what the shards say. */
  wantsBodies(): void;
  /** Has `run` called, in a turn of its own, whenever this thread has committed. */
  onCommitted(run: () => void): void;
  /** To be called when another thread woke this one. */
  woken(): void;
  /** What `stats` shows of it, as it was published last. */
  figures(): ShownFigures;
  /** Absent where no copy of it is kept elsewhere. */
  readonly copy?: SessionCopy;
  /** Replays into these shards what the committer brings, until it has brought it all. */
  helpToRecover(shards: readonly Shard[]): void;
}

/** What `stats` shows of a journal. */
export interface ShownFigures {
  readonly oldestSegment: number;
  readonly currentSegment: number;
  readonly segments: number;
  readonly bytes: number;
  readonly liveBytes: number;
  readonly syncs: number;
  readonly lastSyncMillis: number;
  readonly oldestUnsyncedMillis: number;
}

/** A journal's copy elsewhere, which is kept by the server that leads. */
export interface SessionCopy {
  figures(): CopyFigures;
  /** Has the server step down, in a moment. */
  stepDown(): void;
}

/** What is shown of a journal's copy elsewhere. */
export interface CopyFigures {
  /** In which this server leads; 0 before it does. */
  readonly epoch: number;
  /** Number of the newest entry that is known to be there. */
  readonly position: number;
  /** Bytes that are not known to be there yet. */
  readonly lagBytes: number;
  /** For how long the oldest of these has waited. */
  readonly lagMillis: number;
  /** Servers that stand by, as they were counted last. */
  readonly standbys: number;
  /** For how long this server still leads unless the lease is prolonged. */
  readonly leaseMillis: number;
}
