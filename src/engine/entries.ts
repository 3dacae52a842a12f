/* Entries: what the engine leaves in a thread's output slot as a list, read from there.
 *
 * Where each field lies is assembly/layouts.ts's to say. What is read is copied out, so it stays
 * good when the shard is asked again. Used by whoever called for the list.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "./shard.ts";

const LATIN1 = new TextDecoder("latin1");

/** A tube in the order in which tubes were made. */
export interface TubePlace {
  readonly number: number;
  readonly name: string;
}

/** A job that a connection holds. */
export interface HeldJob {
  readonly id: number;
  /** Of its time to run. */
  readonly leftMicros: number;
  readonly tube: string;
}

/** A job of a listing. */
export interface ListedJob {
  readonly id: number;
  readonly pri: number;
  readonly ageMicros: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  readonly leftMicros: number;
  readonly bodyBytes: number;
  readonly reserves: number;
  readonly timeouts: number;
  readonly releases: number;
  readonly buries: number;
  readonly kicks: number;
  readonly failures: number;
}

/** An entry with a name behind it. */
interface Named {
  readonly view: DataView;
  readonly at: number;
  readonly name: string;
}

/** The RESULT_COUNT entries, each a header of so many bytes and a name. */
function named(shard: Shard, nameBytesAt: number, headerBytes: number): readonly Named[] {
  const bytes = shard.output.slice();
  const view = new DataView(bytes.buffer);
  const entries: Named[] = [];
  let at = 0;
  for (let left = shard.field(C.RESULT_COUNT); left > 0; left--) {
    const start = at + headerBytes;
    const end = start + view.getUint32(at + nameBytesAt, true);
    entries.push({ view, at, name: LATIN1.decode(bytes.subarray(start, end)) });
    at = Math.ceil(end / 8) * 8;
  }
  return entries;
}

/** What listTubes left. */
export function listedTubes(shard: Shard): readonly TubePlace[] {
  return named(shard, L.TUBE_ENTRY_NAME_BYTES, L.TUBE_ENTRY_HEADER).map(({ view, at, name }) => ({
    number: view.getFloat64(at + L.TUBE_ENTRY_NUMBER, true),
    name,
  }));
}

/** What heldJobs left. */
export function heldJobs(shard: Shard): readonly HeldJob[] {
  return named(shard, L.HELD_ENTRY_NAME_BYTES, L.HELD_ENTRY_HEADER).map(({ view, at, name }) => ({
    id: view.getFloat64(at + L.HELD_ENTRY_ID, true),
    leftMicros: Math.max(0, view.getFloat64(at + L.HELD_ENTRY_LEFT, true)),
    tube: name,
  }));
}

/** What describeJobs left. */
export function listedJobs(shard: Shard): readonly ListedJob[] {
  const count = shard.field(C.RESULT_COUNT);
  const bytes = shard.output.slice(0, count * L.JOB_ENTRY_BYTES);
  return Array.from({ length: count }, (_, index) =>
    listedJob(new DataView(bytes.buffer, index * L.JOB_ENTRY_BYTES)),
  );
}

function listedJob(entry: DataView): ListedJob {
  const number = (offset: number): number => entry.getUint32(offset, true);
  return {
    id: entry.getFloat64(L.JOB_ENTRY_ID, true),
    pri: number(L.JOB_ENTRY_PRI),
    ageMicros: entry.getFloat64(L.JOB_ENTRY_AGE, true),
    delaySeconds: number(L.JOB_ENTRY_DELAY_SECONDS),
    ttrSeconds: number(L.JOB_ENTRY_TTR_SECONDS),
    leftMicros: entry.getFloat64(L.JOB_ENTRY_LEFT, true),
    bodyBytes: number(L.JOB_ENTRY_BODY_BYTES),
    reserves: number(L.JOB_ENTRY_RESERVES),
    timeouts: number(L.JOB_ENTRY_TIMEOUTS),
    releases: number(L.JOB_ENTRY_RELEASES),
    buries: number(L.JOB_ENTRY_BURIES),
    kicks: number(L.JOB_ENTRY_KICKS),
    failures: number(L.JOB_ENTRY_FAILURES),
  };
}
