/* Open host: makes a thread's session host of the payload that the main thread made. Called by the thread entry in src/runtimes/. */
import { loadControl } from "../config/control.ts";
import { VERSION } from "../config/version.ts";
import { openShards } from "../engine/shards.ts";
import type { ShardsPayload } from "./payload.ts";
import { SessionHost } from "./session-host.ts";
import type { HostSurroundings, ThreadHost } from "./thread.ts";

/** beanstalkd's default of -s, which `stats` prints even without a journal. */
const JOURNAL_SEGMENT_BYTES = 10_485_760;

/** The host of one thread's sessions, from what `makePayload` made. */
export async function openSessionHost(
  payload: unknown,
  { threadIndex, common, clock, runtime }: HostSurroundings,
): Promise<ThreadHost> {
  const { memories, controlWasm, limits, id } = payload as ShardsPayload;
  const shards = openShards(memories, threadIndex);
  const control = await loadControl(controlWasm);
  const facts = {
    ...runtime.process,
    version: VERSION,
    id,
    journalSegmentBytes: JOURNAL_SEGMENT_BYTES,
  };
  const later = (run: () => void): void => runtime.soon(run);
  return new SessionHost({ shards, common, threadIndex, clock, limits, control, facts, later });
}
