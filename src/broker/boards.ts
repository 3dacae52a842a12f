/* Boards: the parts of the common memory where the threads of a broker and its journal meet.
 *
 *   ... rows | journal board | replay board | copy board |
 *
 * They lie behind the rows (engine/common.ts), whether or not there is a journal. Made by
 * broker.ts; the committer and all threads that run sessions have views of their own.
 */
import { Common } from "../engine/common.ts";
import { COPY_BOARD_BYTES, CopyBoard } from "./copy-board.ts";
import { JOURNAL_BOARD_BYTES, JournalBoard } from "./journal-board.ts";
import { REPLAY_BOARD_BYTES, ReplayBoard } from "./replay-board.ts";

const COPY_BOARD_AT = Math.ceil((JOURNAL_BOARD_BYTES + REPLAY_BOARD_BYTES) / 8) * 8;

/** The common memory of a new broker as `Common.create` makes it, boards included. */
export function createCommon(threads: number, seats: number = threads, nowMicros = 0): Common {
  return Common.create(threads, seats, COPY_BOARD_AT + COPY_BOARD_BYTES, nowMicros);
}

/** Where the threads and the committer of a journal meet. */
export function journalBoardOf({ buffer, addedOffset }: Common): JournalBoard {
  return new JournalBoard(buffer, addedOffset);
}

/** Where they share out the replay of the journal. */
export function replayBoardOf({ buffer, addedOffset }: Common): ReplayBoard {
  return new ReplayBoard(buffer, addedOffset + JOURNAL_BOARD_BYTES);
}

/** Where those meet who keep a copy of the journal elsewhere. */
export function copyBoardOf({ buffer, addedOffset }: Common): CopyBoard {
  return new CopyBoard(buffer, addedOffset + COPY_BOARD_AT);
}
