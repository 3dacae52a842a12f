/* Open host: makes a thread's session host of the payload that the broker made. Called by the
 * thread entry in src/runtimes/, and by the thread that has the broker, for itself (in-process.ts).
 */
import type { Common } from "../engine/common.ts";
import type { LoopRuntime } from "../runtime.ts";
import { loadControl } from "../text/control.ts";
import { VERSION } from "../version.ts";
import { failureOf } from "./errors.ts";
import type { BrokenError } from "./errors.ts";
import { openShards, resultBytesMax } from "../engine/shards.ts";
import { Lead } from "../journal/lead.ts";
import { journalBoardOf } from "./boards.ts";
import { commitPartsOf } from "./commit-parts.ts";
import { openHostJournal } from "./host-journal.ts";
import { Leader } from "./leader.ts";
import type { ShardsPayload } from "./payload.ts";
import { SessionHost } from "../session/host.ts";
import type { TokenBook } from "../session/token-book.ts";

/** What a host is made from, beside the payload of the seed. */
export interface HostSurroundings {
  readonly threadIndex: number;
  readonly common: Common;
  /** Microseconds, never running backwards: what time it is for jobs. */
  readonly clock: () => number;
  readonly runtime: LoopRuntime;
  /** The tokens that clients show; if absent, they may do everything. */
  readonly tokens?: TokenBook | undefined;
  /** No other thread runs sessions. */
  readonly isAlone?: boolean;
  /** Says something about the whole broker to the log. */
  readonly announce: (message: string) => void;
  /** The journal failed under this thread's hands: nothing may go on. */
  readonly broken: (error: BrokenError) => never;
}

/** The host of one thread's sessions, from what `makePayload` made. */
export async function openSessionHost(
  payload: unknown,
  { threadIndex, common, clock, runtime, isAlone, announce, broken, tokens }: HostSurroundings,
): Promise<SessionHost> {
  const { memories, controlWasm, limits, id, journal, segmentBytes } = payload as ShardsPayload;
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
  const { copy, openStorage } = runtime;
  const sinceBegin = common.clock(); // a disk takes its own time, whatever that of jobs is
  const millis = (): number => sinceBegin() / 1000;
  return new SessionHost({
    shards,
    common,
    threadIndex,
    clock,
    ...(isAlone !== undefined && { isAlone }),
    tokens,
    limits,
    control,
    facts,
    later,
    random: (bytes) => crypto.getRandomValues(bytes),
    announce,
    ...(copy && { copy }),
    ...(journal && {
      journal: openHostJournal({
        common,
        thread: threadIndex,
        shards: shards.length,
        level: journal.options.level,
        resultBytesMax: resultBytesMax(journal.options.segmentBytes),
        later,
        millis,
        hasCopy: journal.hasCopy,
        ...(openStorage &&
          !journal.hasCopy && {
            openLeader: () =>
              new Leader({
                thread: threadIndex,
                common,
                board: journalBoardOf(common),
                millis,
                lead: new Lead(
                  commitPartsOf({
                    common,
                    memories,
                    handles: shards,
                    options: journal.options,
                    storage: openStorage(journal.directory),
                  }),
                ),
                failed: (error) => broken(failureOf("the journal", error)),
              }),
          }),
      }),
    }),
  });
}
