/* Inspection: what a server would find in a journal, and whether anything in it is damaged. It
 * changes nothing.
 *
 * The jobs are counted by replaying the journal into an engine of its own, as a server does when it
 * starts; what a server would remove is only passed over. Used by `homemaker verify`.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import {
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumber,
  spareNumber,
} from "./format.ts";
import type { Checksum, SegmentHeader } from "./format.ts";
import { readAround } from "./holes.ts";
import { recover } from "./recovery.ts";
import { countFailures, countJobs, openReplica } from "./replica.ts";
import type { JobCounts } from "./replica.ts";
import { scanSegment } from "./scan.ts";
import type { Region } from "./scan.ts";
import type { Storage } from "../storage.ts";

/** What was found in one segment. */
export interface SegmentFinding {
  readonly name: string;
  /** Length of its file. */
  readonly bytes: number;
  readonly frames: number;
  readonly records: number;
}

/** Sound records by kind. */
export interface RecordCounts {
  readonly put: number;
  readonly state: number;
  readonly delete: number;
  readonly part: number;
  readonly failure: number;
  readonly tube: number;
  readonly key: number;
  readonly result: number;
}

/** What was found in a journal. */
export interface Inspection {
  readonly segments: readonly SegmentFinding[];
  readonly spares: number;
  /** Frames that a server would replay. */
  readonly frames: number;
  readonly records: RecordCounts;
  readonly jobs: JobCounts;
  /** Failures that the jobs have. */
  readonly failures: number;
  /** No id up to this one will be given out again. */
  readonly lastId: number;
  /**
   * Bytes at the end that had never been known to be safe, and were not whole: what a crash leaves.
   */
  readonly tornBytes: number;
  /** Bytes that had been safe and cannot be read. */
  readonly damagedBytes: number;
  /** Names of the segments in which something that had been safe is damaged or missing. */
  readonly damagedSegments: readonly string[];
  /** Jobs of which a part of the body is missing: a server leaves them out. */
  readonly incompleteJobs: number;
  /** Names of the segments that belong to the journal and are not there. */
  readonly missingSegments: readonly string[];
  /** Names of those that are there and do not belong to it: a server passes them over. */
  readonly strangeSegments: readonly string[];
}

/**
 * Looks through the journal in `storage`. Throws a StorageError, a FormatError, or a RecoveryError
 * when the jobs do not fit into memory. `bootId` is the machine's, as SegmentHeader.bootId.
 */
export function inspect(
  storage: Storage,
  engine: WebAssembly.Module,
  wallMicros: number,
  bootId = "",
): Inspection {
  const names = storage.list();
  const numbers = names.map(segmentNumber).filter((number) => number !== undefined);
  const replica = openReplica(engine, shardsOf(storage, numbers, engine), wallMicros);
  const { shards, checksum } = replica;
  const { report, segments } = recover({
    storage: withoutChanges(storage),
    shards,
    checksum,
    now: 0,
    bootId,
    strict: false,
    progress: () => undefined,
  });
  const looks = numbers
    .toSorted((a, b) => a - b)
    .map((number) => {
      const end = segments.find((segment) => segment.number === number)?.end;
      return lookThrough(storage, segmentName(number), end, checksum);
    });
  const sum = (kind: keyof RecordCounts): number =>
    looks.reduce((all, { records }) => all + records[kind], 0);
  return {
    segments: looks.map(({ finding }) => finding),
    spares: names.filter((name) => spareNumber(name) !== undefined).length,
    frames: report.frames,
    records: {
      put: sum("put"),
      state: sum("state"),
      delete: sum("delete"),
      part: sum("part"),
      failure: sum("failure"),
      tube: sum("tube"),
      key: sum("key"),
      result: sum("result"),
    },
    jobs: countJobs(replica),
    failures: countFailures(replica),
    lastId: shards[0]?.shard.lastId() ?? 0,
    tornBytes: report.tornBytes,
    damagedBytes: report.damagedBytes,
    damagedSegments: report.damagedSegments.map(segmentName),
    incompleteJobs: report.incompleteJobs,
    missingSegments: report.missingSegments.map(segmentName),
    strangeSegments: report.strangeSegments.map(segmentName),
  };
}

/** The same files; what recovery would set aside stays, and what it would write goes nowhere. */
function withoutChanges(storage: Storage): Storage {
  const refuse = (): never => {
    throw new TypeError("recovery makes no files");
  };
  return {
    list: () => storage.list(),
    open: (name) => {
      const file = storage.open(name, false);
      return {
        size: file.size,
        read: (position, into) => file.read(position, into),
        write: (_, pieces) => pieces.reduce((sum, { length }) => sum + length, 0),
        sync: () => undefined,
        close: () => file.close(),
      };
    },
    create: refuse,
    rename: () => undefined,
    remove: () => undefined,
    syncDirectory: () => undefined,
    lease: refuse,
  };
}

/**
 * As many shards as the newest segment with a sound header was written by: a number that had memory
 * enough.
 */
function shardsOf(
  storage: Storage,
  numbers: readonly number[],
  engine: WebAssembly.Module,
): number {
  const { checksum } = openReplica(engine, 1, 0);
  for (const number of numbers.toSorted((a, b) => b - a)) {
    const { bytes } = readAround(storage, segmentName(number), SEGMENT_HEADER_BYTES);
    const header = headerOf(bytes, checksum);
    if (header !== undefined && header.shards > 0) return header.shards;
  }
  return 1;
}

/** The header of a segment; it stands there twice. */
function headerOf(bytes: Uint8Array, checksum: Checksum): SegmentHeader | undefined {
  return (
    readSegmentHeader(bytes, checksum) ??
    readSegmentHeader(bytes.subarray(SEGMENT_HEADER_BYTES / 2), checksum)
  );
}

interface Look {
  readonly finding: SegmentFinding;
  readonly records: RecordCounts;
}

/** Counts what lies in a segment before `end`, or in all of it. */
function lookThrough(
  storage: Storage,
  name: string,
  end: number | undefined,
  checksum: Checksum,
): Look {
  const { bytes } = readAround(storage, name);
  const header = headerOf(bytes, checksum);
  const salt = header?.salt ?? 0;
  const regions = header === undefined ? [] : scanSegment(bytes.subarray(0, end), salt, checksum);
  const kinds = regions.flatMap((region) => kindsIn(region, bytes, salt, checksum));
  const count = (kind: number): number => kinds.filter((one) => one === kind).length;
  const frames = new Set(regions.flatMap(({ frame }) => frame?.number ?? []));
  return {
    finding: { name, bytes: bytes.length, frames: frames.size, records: kinds.length },
    records: {
      put: count(C.RECORD_PUT),
      state: count(C.RECORD_STATE),
      delete: count(C.RECORD_DELETE),
      part: count(C.RECORD_PART),
      failure: count(C.RECORD_FAILURE),
      tube: count(C.RECORD_TUBE),
      key: count(C.RECORD_KEY),
      result: count(C.RECORD_RESULT),
    },
  };
}

/** The kinds of the sound records of a region, in their order. */
function kindsIn(
  { from, to }: Region,
  bytes: Uint8Array,
  salt: number,
  checksum: Checksum,
): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kinds: number[] = [];
  let at = from;
  while (at + C.RECORD_BYTES_MIN <= to) {
    const size = view.getUint32(at + L.RECORD_LENGTH, true);
    const fits = size >= C.RECORD_BYTES_MIN && size <= Math.min(to - at, RECORD_BYTES_MAX);
    if (
      fits &&
      size % 8 === 0 &&
      view.getUint32(at + L.RECORD_CRC, true) ===
        checksum(salt, bytes.subarray(at + L.RECORD_CHECKED, at + size))
    ) {
      kinds.push(view.getUint8(at + L.RECORD_KIND));
      at += size;
    } else at += 8;
  }
  return kinds;
}

/** A body that needs a longer one is in parts. */
const RECORD_BYTES_MAX = 2 * C.PART_BODY_BYTES;
