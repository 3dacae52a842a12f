/* Open host: makes a thread's session host of the payload that the main thread made. Called by the
 * thread entry in src/runtimes/, and by the main thread for itself (in-process.ts).
 */
import type { Common } from "../engine/common.ts";
import type { LoopRuntime } from "../runtime.ts";
import { loadControl } from "../text/control.ts";
import { PROGRAM, VERSION } from "../version.ts";
import { openShards } from "../engine/shards.ts";
import { Lead } from "../journal/lead.ts";
import { journalBoardOf } from "./boards.ts";
import { commitPartsOf } from "./commit-parts.ts";
import { openHostJournal } from "./host-journal.ts";
import { Leader } from "./leader.ts";
import type { ShardsPayload } from "./payload.ts";
import { SessionHost } from "../session/host.ts";

/** What a host is made from, beside the payload of the seed. */
export interface HostSurroundings {
  readonly threadIndex: number;
  readonly common: Common;
  /** Microseconds since the server began. */
  readonly clock: () => number;
  readonly runtime: LoopRuntime;
  /** Says something about the whole server to the log. */
  readonly announce: (message: string) => void;
}

/** The host of one thread's sessions, from what `makePayload` made. */
export async function openSessionHost(
  payload: unknown,
  { threadIndex, common, clock, runtime, announce }: HostSurroundings,
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
  const millis = (): number => clock() / 1000;
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
    ...(journal && {
      journal: openHostJournal({
        common,
        thread: threadIndex,
        shards: shards.length,
        later,
        millis,
        ...(openStorage && {
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
              failed: (error) => runtime.die(`${PROGRAM}: the journal failed: ${String(error)}`),
            }),
        }),
      }),
    }),
  });
}
