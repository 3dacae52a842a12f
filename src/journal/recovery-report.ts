/* RecoveryReport: what a recovery found, and whether any of it is damage. Made by recovery.ts; told
 * by the log and by `homemaker verify`.
 */

/** What was found. */
export interface RecoveryReport {
  readonly segments: number;
  readonly frames: number;
  readonly bytes: number;
  readonly jobs: number;
  /** Bytes of frames at the end that had never been known to be safe, and were not whole. */
  readonly tornBytes: number;
  /** Bytes of what had been safe and could not be read. */
  readonly damagedBytes: number;
  /** The segments in which these are. */
  readonly damagedSegments: readonly number[];
  /** Bytes that the device could not read. */
  readonly unreadableBytes: number;
  /** Jobs that were left out because parts of their bodies could not be read. */
  readonly incompleteJobs: number;
  /** Segments that belong to the journal and are not there. */
  readonly missingSegments: readonly number[];
  /** Segments that are there and do not belong to the journal. */
  readonly strangeSegments: readonly number[];
}

/** What tells of damage in a report, the segments by whatever names them. */
export interface Harm<Name> {
  readonly damagedSegments: readonly Name[];
  readonly incompleteJobs: number;
  readonly missingSegments: readonly Name[];
  readonly strangeSegments: readonly Name[];
}

/** Whether something that had been safe is not as it was. */
export function isDamaged({
  damagedSegments,
  incompleteJobs,
  missingSegments,
  strangeSegments,
}: Harm<unknown>): boolean {
  const segments = [...damagedSegments, ...missingSegments, ...strangeSegments];
  return incompleteJobs + segments.length > 0;
}
