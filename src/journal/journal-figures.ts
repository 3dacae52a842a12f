/* JournalFigures: what a journal shows of itself. Made by the journal, published by the committer.
 */

/** Bounds of the histogram of syncs, in milliseconds. */
export const SYNC_BOUNDS_MILLIS: readonly number[] = Array.from(
  { length: 18 },
  (_, index) => 2 ** (index - 4),
);

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
