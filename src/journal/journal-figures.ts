/* JournalFigures: what a journal shows of itself. Made by the journal, published by the committer.
 */

/** What there is to see of a journal. */
export interface JournalFigures {
  readonly segments: number;
  readonly bytes: number;
  readonly liveBytes: number;
  readonly frames: number;
  readonly oldestSegment: number;
  readonly currentSegment: number;
  readonly syncs: number;
  readonly lastSyncMillis: number;
  readonly oldestUnsyncedMillis: number;
  readonly isFull: boolean;
}
