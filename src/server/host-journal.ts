/* HostJournal: what a thread's sessions have to do with the journal: the gate for their replies,
 * and how the committer is told.
 *
 * Made for each thread that runs sessions (open-host.ts), used by its session host.
 */
import { Gate } from "./gate.ts";
import { Gathering } from "./gathering.ts";
import type { JournalBoard } from "./journal-board.ts";

/** A thread's side of the journal. */
export interface HostJournal {
  readonly gate: Gate;
  /** The disk is full: puts are refused. */
  readonly isFull: boolean;
  /** Nothing can be recorded: jobs may be looked at and nothing else. */
  readonly isReadOnly: boolean;
  /**
   * Says whether something on this thread waits for room in a ring. If so, the committer is to free
   * the rings and to wake this thread.
   */
  awaitsRoom(waits: boolean): void;
}

/** What it is made of. */
export interface HostJournalParts {
  readonly board: JournalBoard;
  readonly thread: number;
  readonly shards: number;
  /** Runs something after other connections have had their turn. */
  readonly later: (run: () => void) => void;
  /** Milliseconds, never running backwards. */
  readonly millis: () => number;
}

/** A thread's side of the journal whose board that is. */
export function openHostJournal(parts: HostJournalParts): HostJournal {
  const { board, thread, shards, later, millis } = parts;
  const gathering = new Gathering({
    later,
    millis,
    commitMillis: () => board.commitMillis,
    wake: () => board.wakeCommitter(),
  });
  const safe = {
    safePosition: (shard: number) => board.safePosition(shard),
    held(count: number): void {
      board.setHolding(thread, count > 0);
      gathering.held(count);
    },
  };
  return {
    gate: new Gate(safe, shards),
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
  };
}
