/* HostJournal: a thread's side of the journal, for its sessions: the gate for their replies, who
 * commits, and what the board shows.
 *
 * Made for each thread that runs sessions (open-host.ts), used by its session host.
 */
import type { Common } from "../engine/common.ts";
import type { DurabilityLevel } from "../journal/journal-parts.ts";
import { ackLevelOf } from "../protocol/tags.ts";
import { Gate } from "../session/gate.ts";
import { CLASSES } from "../session/heard.ts";
import type { SessionJournal, ShownFigures } from "../session/session-journal.ts";
import { copyBoardOf, journalBoardOf, replayBoardOf } from "./boards.ts";
import { Gathering } from "./gathering.ts";
import * as B from "./journal-board.ts";
import type { Leader } from "./leader.ts";
import { safePositionOf } from "./safe-positions.ts";

/** Below every position. */
const NOTHING_IS_SAFE = -1;

/** What it is made of. */
export interface HostJournalParts {
  readonly common: Common;
  readonly thread: number;
  readonly shards: number;
  /** What an acknowledgement means. */
  readonly level: DurabilityLevel;
  /** A copy is kept elsewhere: nothing leaves once this server leads no more. Absent: none is. */
  readonly hasCopy?: boolean;
  /** Longest result that is recorded, in bytes. */
  readonly resultBytesMax: number;
  /** Runs something after other connections have had their turn. */
  readonly later: (run: () => void) => void;
  /** Milliseconds, never running backwards. */
  readonly millis: () => number;
  /** Absent where this thread must not wait for a disk: then the committer commits. */
  readonly openLeader?: () => Leader;
}

/** A thread's side of the journal whose boards lie in that common memory. */
export function openHostJournal(parts: HostJournalParts): SessionJournal {
  const { common, thread, shards, level, resultBytesMax, later, millis, openLeader } = parts;
  const board = journalBoardOf(common);
  const progress = Array.from({ length: shards }, (_, shard) => board.progressOf(shard));
  let leader: Leader | undefined;
  let committed = (): void => undefined;
  const gathering = new Gathering({
    later,
    millis,
    commitMillis: () => board.commitMillis,
    commit(): void {
      leader ??= openLeader?.();
      if (leader === undefined) board.wakeCommitter();
      else if (leader.commit()) committed();
    },
  });
  const safePosition = safePositionOf((shard) => board.safePosition(shard), progress);
  const copyBoard = copyBoardOf(common);
  const clock = common.clock();
  const safe = {
    safePosition:
      parts.hasCopy === true
        ? (at: number) =>
            clock() / 1000 < copyBoard.leadsUntil ? safePosition(at) : NOTHING_IS_SAFE
        : safePosition,
    held(count: number): void {
      board.setHolding(thread, count > 0);
      gathering.held(count);
    },
  };
  return {
    gate: new Gate(safe, shards, CLASSES),
    level: ackLevelOf(level),
    resultBytesMax,
    get isFull(): boolean {
      return board.isFull;
    },
    get isReadOnly(): boolean {
      return board.isReadOnly;
    },
    awaitsRoom(waits: boolean): void {
      board.setAwaitsRoom(thread, waits);
      if (waits) board.wakeCommitter();
    },
    wantsBodies: () => board.wakeCommitter(),
    onCommitted: (run) => (committed = run),
    woken: () => leader?.woken(),
    figures: () => shownFigures(board),
    ...(parts.hasCopy === true && {
      copy: {
        figures: () => copyBoard.figures(clock() / 1000),
        stepDown(): void {
          copyBoard.askToStepDown();
          board.wakeCommitter();
        },
      },
    }),
    helpToRecover: (own) => void replayBoardOf(common).help(own),
  };
}

function shownFigures(board: B.JournalBoard): ShownFigures {
  return {
    oldestSegment: board.figure(B.FIGURE_OLDEST_SEGMENT),
    currentSegment: board.figure(B.FIGURE_CURRENT_SEGMENT),
    segments: board.figure(B.FIGURE_SEGMENTS),
    bytes: board.figure(B.FIGURE_BYTES),
    liveBytes: board.figure(B.FIGURE_LIVE_BYTES),
    syncs: board.figure(B.FIGURE_SYNCS),
    lastSyncMillis: board.figure(B.FIGURE_LAST_SYNC_MILLIS),
    oldestUnsyncedMillis: board.figure(B.FIGURE_OLDEST_UNSYNCED_MILLIS),
  };
}
