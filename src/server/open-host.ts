/* Open host: makes a thread's session host of the payload that the main thread made. Called by the thread entry in src/runtimes/, and by
 * the main thread for itself (in-process.ts). */
import { loadControl } from "../config/control.ts";
import { VERSION } from "../config/version.ts";
import { openShards } from "../engine/shards.ts";
import { Gate } from "./gate.ts";
import type { JournalBoard } from "./journal-board.ts";
import type { ShardsPayload } from "./payload.ts";
import { SessionHost } from "./session-host.ts";
import type { HostJournal } from "./session-host.ts";
import type { HostSurroundings } from "./thread.ts";

/** The host of one thread's sessions, from what `makePayload` made. */
export async function openSessionHost(
  payload: unknown,
  { threadIndex, common, clock, runtime, announce }: HostSurroundings,
): Promise<SessionHost> {
  const { memories, controlWasm, limits, id, hasJournal, segmentBytes } = payload as ShardsPayload;
  const shards = openShards(memories, threadIndex);
  const control = await loadControl(controlWasm);
  const facts = {
    ...runtime.process,
    version: VERSION,
    id,
    journalSegmentBytes: segmentBytes,
    memoryCapBytes: memories.capBytes,
  };
  const later = (run: () => void): void => runtime.soon(run);
  const { copy } = runtime;
  return new SessionHost({
    shards,
    common,
    threadIndex,
    clock,
    limits,
    control,
    facts,
    later,
    announce,
    ...(copy && { copy }),
    ...(hasJournal && { journal: hostJournal(common.journal, threadIndex, shards.length, later) }),
  });
}

/** A thread that waits for room in a ring looks again after this long at the latest. */
const ROOM_LOOK_MILLIS = 100;

/**
 * A thread's side of the journal. The committer is woken once the thread has heard all connections that have something to say: so one
 * commit takes what all of them sent, and on a single core it does not interrupt the thread at the first one.
 */
function hostJournal(
  board: JournalBoard,
  thread: number,
  shards: number,
  later: (run: () => void) => void,
): HostJournal {
  let willWake = false;
  const wake = (): void => {
    willWake = false;
    board.wakeCommitter();
  };
  const safe = {
    safePosition: (shard: number) => board.safePosition(shard),
    setHolding(holds: boolean): void {
      board.setHolding(thread, holds);
      if (!holds || willWake) return;
      willWake = true;
      later(wake);
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
    hurry: () => board.wakeCommitter(),
    waitUntil(hasRoom: () => boolean): void {
      for (;;) {
        const freed = board.freedCount;
        if (hasRoom()) return;
        board.waitForFreed(freed, ROOM_LOOK_MILLIS);
      }
    },
  };
}
