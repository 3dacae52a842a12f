/* Code: the parts of the program that run in a simulated world, as they stand or with a planted
 * bug. Made by mutants.ts, used by whatever opens a world.
 */
import { HintWriter } from "../../src/journal/hints.ts";
import { CommitState } from "../../src/journal/commit-state.ts";
import { Journal } from "../../src/journal/journal.ts";
import { JournalShard } from "../../src/journal/journal-shard.ts";
import { Lead } from "../../src/journal/lead.ts";
import { ReadBack } from "../../src/journal/read-back.ts";
import { recover } from "../../src/journal/recovery.ts";
import { NoSpaceError } from "../../src/journal/room.ts";
import { StorageError } from "../../src/storage.ts";
import { loadEngineModule } from "./machine.ts";

/** The parts of the program that a planted bug may replace. */
export interface Code {
  readonly module: WebAssembly.Module;
  readonly CommitState: typeof CommitState;
  readonly HintWriter: typeof HintWriter;
  readonly Journal: typeof Journal;
  readonly Lead: typeof Lead;
  readonly JournalShard: typeof JournalShard;
  readonly NoSpaceError: typeof NoSpaceError;
  readonly ReadBack: typeof ReadBack;
  readonly recover: typeof recover;
  readonly StorageError: typeof StorageError;
}

let own: Code | undefined;

/** The program as it stands. */
export function ownCode(): Code {
  own ??= {
    module: loadEngineModule(),
    CommitState,
    HintWriter,
    Journal,
    Lead,
    JournalShard,
    NoSpaceError,
    ReadBack,
    recover,
    StorageError,
  };
  return own;
}
