/*
 * RecoveryParts: what a recovery is given, and what it hands to the journal that goes on. Put
 * together by the committer, by the inspection, and by tests.
 */

import type { Checksum } from "./format.ts";
import type { ExistingSegment } from "./journal-parts.ts";
import type { JournalShard } from "./journal-shard.ts";
import type { RecoveryReport } from "./recovery-report.ts";
import type { Workforce } from "./replay.ts";
import type { Unsettled } from "./settlement.ts";
import type { Storage } from "../storage.ts";

/** What recovery is to do and to tell. */
export interface RecoveryParts {
  readonly storage: Storage;
  readonly shards: readonly JournalShard[];
  readonly checksum: Checksum;
  /** The engine's clock, in microseconds. */
  readonly now: number;
  /** Refuse to start when what was safe is damaged. */
  readonly strict: boolean;
  /** As SegmentHeader.bootId; absent if nobody knows. */
  readonly bootId?: string;
  /**
   * Bytes that the journal may lack beside one commit, though clients may have been told of them:
   * it is a copy of another's. If absent, none.
   */
  readonly missingBytes?: number;
  /** Hears how far it is: bytes replayed, of how many. */
  readonly progress: (done: number, all: number) => void;
  /** Who replays; if absent, this thread alone. */
  readonly workforce?: Workforce;
  /** Bytes of bodies above which those that follow stay in the journal; if absent, all come. */
  readonly bodyBytes?: number;
}

/** What a journal goes on with. */
export interface Recovered {
  readonly segments: readonly ExistingSegment[];
  /** Those whose headers the device cannot read: they stay, since it may be able to again. */
  readonly unreadableSegments: readonly number[];
  readonly nextSegment: number;
  readonly nextFrame: number;
  /** As JournalParts.newestEnd. */
  readonly newestEnd: number | undefined;
  readonly report: RecoveryReport;
  /** Absent when all was written. */
  readonly unsettled?: Unsettled;
}
